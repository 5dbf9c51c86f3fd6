import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import zipfile

import mlflow
import numpy as np
import pandas
import pytest
import yaml

from mnist_pipeline.errors import ModelError, OutputError
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.model.model_folder import load_model, save_model

EXAMPLE = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_saved_folder_is_an_mlflow_model_that_can_be_served(training):
    model = mlflow.models.Model.load(training.folder)

    (inputs,), (outputs,) = model.signature.inputs.inputs, model.signature.outputs.inputs
    assert (inputs.shape, inputs.type) == ((-1, 8, 6), np.dtype("uint8"))
    assert (outputs.shape, outputs.type) == ((-1, 3), np.dtype("float32"))
    example = model.load_input_example(training.folder)
    assert np.array_equal(example, training.dataset.images[:3])
    assert model.metadata["class_names"] == ["bag", "coat", "sandal"]
    assert {"MLmodel", "requirements.txt", "conda.yaml", "data/model.keras"} <= files_in(training.folder)


def test_the_requirements_for_serving_are_pinned(training):
    lines = (training.folder / "requirements.txt").read_text().split()

    assert {line.partition("==")[0] for line in lines} >= {"mlflow", "keras", "tensorflow", "numpy"}
    assert all("==" in line for line in lines)


def test_mlflow_predicts_what_the_loaded_model_predicts(training):
    images = training.dataset.images

    served = mlflow.pyfunc.load_model(str(training.folder)).predict(images)

    assert np.allclose(served, load_model(training.folder).probabilities(images), atol=1e-6)


def test_mlflow_refuses_pixels_from_0_to_1_instead_of_answering_nonsense(training):
    served = mlflow.pyfunc.load_model(str(training.folder))

    with pytest.raises(mlflow.MlflowException, match="dtype of input float64 does not match expected dtype uint8"):
        served.predict(training.dataset.images / 255)


def test_keras_itself_takes_the_same_images(training):
    import keras

    images = training.dataset.images
    network = keras.saving.load_model(training.folder / "data/model.keras")

    assert np.allclose(network.predict(images), load_model(training.folder).probabilities(images), atol=1e-6)


def test_a_loaded_model_predicts_what_the_saved_one_did(pixel_model, pixel_folder, pixel_data):
    loaded = load_model(str(pixel_folder))

    assert loaded.class_names == pixel_model.class_names
    assert np.allclose(loaded.probabilities(pixel_data.images), pixel_model.probabilities(pixel_data.images))


def test_a_model_without_class_names_has_none_after_loading(pixel_model, tmp_path):
    save_model(TrainedModel(pixel_model.network), tmp_path, EXAMPLE)

    assert load_model(tmp_path).class_names == ()


def test_a_keras_file_alone_in_a_folder_is_a_model_without_class_names(pixel_model, tmp_path):
    pixel_model.network.save(tmp_path / "mine.keras")

    with pytest.warns(UserWarning, match="mine.keras: nothing says what the network takes as a white pixel"):
        loaded = load_model(tmp_path)

    assert loaded.image_size == (2, 2)
    assert loaded.class_names == ()


@pytest.mark.parametrize(("pixel_max", "digits"), [(255, 1), (1, 255)])
def test_a_keras_file_of_another_scale_is_used_if_mlmodel_states_the_scale(
    pixel_model, pixel_data, tmp_path, pixel_max, digits
):
    import keras

    network = keras.models.clone_model(pixel_model.network)
    network.set_weights([weight * digits for weight in pixel_model.network.get_weights()])
    mlflow.keras.save_model(
        network,
        str(tmp_path / "mine"),
        metadata={"pixel_max": pixel_max},
        pip_requirements=["keras"],
        signature=signature(),
    )

    loaded = load_model(tmp_path / "mine")

    assert loaded.pixel_max == pixel_max
    expected = pixel_model.probabilities(pixel_data.images)
    assert np.allclose(loaded.probabilities(pixel_data.images), expected, atol=1e-5)


def signature():
    spec = mlflow.types.TensorSpec(np.dtype(np.float32), (-1, 2, 2, 1))
    return mlflow.models.ModelSignature(mlflow.types.Schema([spec]))


@pytest.mark.parametrize("pixel_max", [0, -1, "white", True, float("nan")])
def test_a_scale_that_is_no_number_above_0_is_refused(pixel_model, tmp_path, pixel_max):
    pixel_model.network.save(tmp_path / "mine.keras")
    (tmp_path / "MLmodel").write_text(yaml.safe_dump({"metadata": {"pixel_max": pixel_max}}))

    with pytest.raises(ModelError, match=r"MLmodel: pixel_max is .*; give the value of a white pixel, such as 255"):
        load_model(tmp_path)


@pytest.mark.parametrize("nested", [False, True])
def test_a_keras_file_that_begins_by_rescaling_is_used_without_a_warning(tmp_path, nested):
    import keras

    layers = [keras.Input((2, 2, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(3)]
    network = keras.Sequential(layers)
    (keras.Sequential([keras.Input((2, 2, 1)), network]) if nested else network).save(tmp_path / "mine.keras")

    assert load_model(tmp_path).pixel_max == 255


def test_the_card_says_what_the_model_takes_and_gives(training):
    card = (training.folder / "README.md").read_text()

    assert "gray images of 8 x 6 pixels into 3 classes" in card
    assert "Pixels go from 0 (black) to 255 (white)" in card
    assert "bag, coat, sandal" in card
    assert mlflow.models.Model.load(training.folder).metadata["pixel_max"] == 255


def test_the_example_is_of_whole_numbers_up_to_255(training):
    example = np.array(json.loads((training.folder / "input_example.json").read_text()))

    assert example.dtype.kind == "i"
    assert 1 < example.max() <= 255


def test_the_code_in_the_card_runs_and_takes_whole_numbers(training):
    card = (training.folder / "README.md").read_text()
    images = training.dataset.images
    expected = load_model(training.folder).probabilities(images)

    for call in re.findall(r"model\.predict\(.*\)", card):
        model = mlflow.pyfunc.load_model(str(training.folder))
        answer = eval(call.partition("  #")[0], {"model": model, "images": images, "pandas": pandas})

        assert np.allclose(answer, expected, atol=1e-6), call
    assert card.count("model.predict(") == 2


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_the_model_can_be_read_by_those_whom_the_umask_lets(pixel_model, tmp_path, umask):
    before = os.umask(umask)
    try:
        save_model(pixel_model, tmp_path / "model", EXAMPLE)
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "model").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "model", tmp_path / "model/data")}
    assert (modes, folders) == ({0o666 & ~umask}, {0o777 & ~umask})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "data",
        "data/model.keras",
        "../../../..",  # the folder of the run
        "../..",  # the folder of the node
        "..",  # its outputs
    ],
)
def test_the_class_names_are_found_whichever_part_of_a_run_is_given(path, pixel_model, pixel_folder, tmp_path):
    model = tmp_path / "run/nodes/train_node/outputs/output_model"
    shutil.copytree(pixel_folder, model)

    assert load_model(model / path).names == pixel_model.class_names


def test_the_class_names_are_found_from_inside_the_model(pixel_model, pixel_folder, monkeypatch):
    monkeypatch.chdir(pixel_folder / "data")

    assert load_model("model.keras").names == pixel_model.class_names
    assert load_model(".").names == pixel_model.class_names


def test_a_file_that_is_no_keras_file_is_refused_by_its_name(pixel_folder):
    with pytest.raises(ModelError, match=r"MLmodel: not a \.keras file; give the folder that the training step wrote"):
        load_model(pixel_folder / "MLmodel")


def test_saving_replaces_the_model_that_is_there(training, pixel_model, tmp_path):
    shutil.copytree(training.folder, tmp_path / "model")
    (tmp_path / "model/data/left_over").touch()

    save_model(pixel_model, tmp_path / "model", EXAMPLE)

    assert load_model(tmp_path / "model").image_size == (2, 2)
    assert "data/left_over" not in files_in(tmp_path / "model")


KILLED_SAVE = """
import os, signal, sys
import keras, numpy
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.model.model_folder import save_model
network, folder = keras.saving.load_model(sys.argv[1], compile=False), sys.argv[2]
def kill(event, arguments):
    if event == "open" and arguments[0] == os.path.join(folder, "data/model.keras"):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
save_model(TrainedModel(network), folder, numpy.zeros((1, 2, 2), numpy.uint8))
"""


@pytest.mark.slow
@pytest.mark.parametrize("there", ["nothing", "a model"])
def test_saving_again_after_a_kill_in_the_middle_leaves_a_whole_model(there, pixel_model, pixel_folder, tmp_path):
    if there == "a model":
        shutil.copytree(pixel_folder, tmp_path / "model")
    command = [sys.executable, "-c", KILLED_SAVE, pixel_folder / "data/model.keras", tmp_path / "model"]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert "MLmodel" not in files_in(tmp_path / "model"), "half a model passes for one"

    save_model(pixel_model, tmp_path / "model", EXAMPLE)

    assert files_in(tmp_path / "model") == files_in(pixel_folder)
    assert load_model(tmp_path / "model").image_size == (2, 2)


def test_saving_into_a_folder_with_other_files_is_refused_and_keeps_them(pixel_model, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")

    with pytest.raises(OutputError, match="holds files that are not a model; name an empty folder"):
        save_model(pixel_model, tmp_path, EXAMPLE)

    assert files_in(tmp_path) == {"thesis.txt"}


def test_saving_where_a_file_stands_is_refused_and_keeps_it(pixel_model, tmp_path):
    (tmp_path / "model").write_text("precious")

    with pytest.raises(OutputError, match="a file stands where the output folder should be"):
        save_model(pixel_model, tmp_path / "model", EXAMPLE)

    assert (tmp_path / "model").read_text() == "precious"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such folder; give the folder that the training step wrote"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("count", [0, 2])
def test_a_folder_needs_exactly_one_keras_file(tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number}.keras").touch()

    with pytest.raises(ModelError, match=f"holds {count} .keras files where a model folder has one"):
        load_model(tmp_path)


def zip_of(path, **contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("_", "."), content)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: path.touch(), id="empty file"),
        pytest.param(lambda path: path.write_text("not a model"), id="text"),
        pytest.param(zip_of, id="empty zip"),
        pytest.param(lambda path: zip_of(path, config_json="{}", metadata_json="{}"), id="empty configuration"),
        pytest.param(lambda path: zip_of(path, config_json="{", metadata_json="{"), id="configuration cut off"),
        pytest.param(lambda path: zip_of(path, config_json="[]", metadata_json="{}"), id="configuration a list"),
    ],
)
def test_a_keras_file_that_is_no_model_is_refused_in_one_sentence(tmp_path, write):
    write(tmp_path / "model.keras")

    with pytest.raises(ModelError, match=r"model\.keras: not a Keras model that can be loaded safely") as raised:
        load_model(tmp_path)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("offset", "byte"),
    [
        pytest.param(8, 0x01, id="encrypted"),
        pytest.param(10, 99, id="unknown compression"),
        pytest.param(10, 8, id="not deflated"),
    ],
)
def test_a_keras_file_with_a_damaged_directory_is_refused_in_one_sentence(training, tmp_path, offset, byte):
    """The directory at the end of a zip file: after `PK 1 2` two versions, 2 bytes of flags, 2 of compression."""
    data = bytearray((training.folder / "data/model.keras").read_bytes())
    for entry in re.finditer(rb"PK\x01\x02", data):
        data[entry.start() + offset] = byte
    (tmp_path / "model.keras").write_bytes(data)

    with pytest.raises(ModelError, match=r"model\.keras: not a Keras model that can be loaded safely") as raised:
        load_model(tmp_path)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("cut", [False, True], ids=["overwritten", "cut off"])
def test_a_damaged_keras_file_is_refused_in_one_sentence(training, tmp_path, place, cut):
    data = bytearray((training.folder / "data/model.keras").read_bytes())
    start = int(len(data) * place)
    data[start:] = b"" if cut else b"\xaa" * 64 + data[start + 64 :]
    (tmp_path / "model.keras").write_bytes(data)

    with pytest.raises(ModelError, match=r"model\.keras: not a Keras model that can be loaded safely") as raised:
        load_model(tmp_path)

    assert "\n" not in str(raised.value)


def test_a_model_that_carries_code_is_refused(tmp_path):
    import keras

    inputs = keras.Input((2, 2, 1))
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Lambda(lambda x: x)(inputs)))
    keras.Model(inputs, outputs).save(tmp_path / "model.keras")

    with pytest.raises(ModelError, match=r"model\.keras: not a Keras model that can be loaded safely") as raised:
        load_model(tmp_path)

    assert "\n" not in str(raised.value)


def network_of(kind):
    """A Keras network that is no image classifier."""
    import keras
    from keras import layers

    image, flat = keras.Input((2, 2, 1)), keras.Input((4,))
    flattened = layers.Flatten()(image)
    return {
        "takes rows": lambda: keras.Model(flat, layers.Dense(3)(flat)),
        "takes colors": lambda: keras.Model(color := keras.Input((2, 2, 3)), layers.Dense(3)(layers.Flatten()(color))),
        "takes two inputs": lambda: keras.Model([image, flat], layers.Dense(3)(layers.Add()([flattened, flat]))),
        "gives images": lambda: keras.Model(image, layers.Conv2D(1, 1)(image)),
        "gives two outputs": lambda: keras.Model(image, [layers.Dense(3)(flattened), layers.Dense(2)(flattened)]),
        "takes named inputs": lambda: keras.Model({"image": image, "flat": flat}, layers.Add()([flattened, flat])),
        "takes images of any size": lambda: keras.Model(
            any_size := keras.Input((None, None, 1)), layers.Dense(3)(layers.GlobalAveragePooling2D()(any_size))
        ),
        "was never built": lambda: keras.Sequential([layers.Flatten(), layers.Dense(3)]),
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    [
        "takes rows",
        "takes colors",
        "takes two inputs",
        "takes named inputs",
        "takes images of any size",
        "gives images",
        "gives two outputs",
        "was never built",
    ],
)
def test_a_network_that_is_no_image_classifier_is_refused_in_one_sentence(tmp_path, kind):
    network_of(kind).save(tmp_path / "model.keras")

    with pytest.raises(ModelError, match=r"model\.keras: .*\(n, height, width, 1\) and gives \(n, classes\)") as raised:
        load_model(tmp_path)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", ["", "flavors: [", "just a text"], ids=["empty", "cut off", "text"])
def test_a_garbled_mlmodel_file_is_refused_in_one_sentence(pixel_folder, tmp_path, content):
    shutil.copytree(pixel_folder, tmp_path / "model")
    (tmp_path / "model/MLmodel").write_text(content)

    with pytest.raises(ModelError, match="MLmodel") as raised:
        load_model(tmp_path / "model")

    assert "\n" not in str(raised.value)


def test_saving_leaves_nothing_in_the_working_directory(pixel_model, tmp_path):
    (tmp_path / "cwd").mkdir()
    with contextlib.chdir(tmp_path / "cwd"):
        save_model(pixel_model, "model", EXAMPLE)

    assert [path.name for path in (tmp_path / "cwd").iterdir()] == ["model"]
