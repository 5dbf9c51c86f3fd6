"""The command as a person types it: in a process of its own, judged by exit code and output."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from idx_data import idx_bytes, patterned, write_idx, write_patterned_idx
from PIL import Image

from mnist_pipeline.cli.run_summary import summary_text
from mnist_pipeline.runner import PipelineRun, Status


def command(*arguments, cwd, **options):
    """Run `mnist-pipeline` with the arguments, away from any MLflow server that the tester may have set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(
        [sys.executable, "-m", "mnist_pipeline", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        **options,
    )


def assert_one_sentence(result, *parts):
    """A failure that a person understands: exit code 1, one line that holds the parts, no traceback."""
    assert result.returncode == 1, result
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


def put_store(folder, empty_store):
    """Make the tables of the run's MLflow store beforehand, which takes seconds."""
    (folder / "mnist-runs").mkdir()
    shutil.copyfile(empty_store, folder / "mnist-runs/mlflow.db")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["predict", "-h"]])
def test_help_teaches_by_example(arguments, tmp_path):
    result = command(*arguments, cwd=tmp_path)

    assert result.returncode == 0
    assert re.search(r"^  mnist-pipeline \w+", result.stdout, re.MULTILINE)


def test_the_help_of_run_lists_the_settings_by_what_they_are_for(tmp_path):
    text = command("run", "--help", cwd=tmp_path).stdout

    _, options, training, registration = re.split(r"^(?:Options|Training|Registration):$", text, flags=re.MULTILINE)
    assert re.findall(r"^  (--[\w-]+)", options, re.MULTILINE) == [
        "--data",
        "--output-dir",
        "--mode",
        "--fail-if-refused",
        "--json",
    ]
    assert "--network small|wide|large|sample" in training
    assert "at least 1]" in training.split("--batch-size")[0], "the range of --epochs"
    assert registration.strip().startswith("--model-name")
    assert "--min-accuracy NUMBER" in registration


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--epochs", "0", "epochs is 0; it must be a whole number of at least 1."),
        ("--epochs", "ten", "epochs is 'ten'; it must be a whole number of at least 1."),
        ("--min-accuracy", "1.5", "min_accuracy is 1.5; it must be a number from 0 to 1."),
        ("--max-loss", "nan", "max_loss is nan; it must be a number of at least 0."),
        ("--champion", "maybe", "champion is 'maybe'; it must be one of better, not_worse, off."),
        (
            "--model-name",
            "",
            "model_name is ''; it must be text of 1 to 255 characters: English letters, digits, dashes, underscores "
            "and periods, first a letter or a digit.",
        ),
    ],
)
def test_a_wrong_value_of_a_setting_is_refused_with_the_sentence_that_every_other_place_has(
    option, value, sentence, tmp_path
):
    result = command("run", option, value, cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == f"Error: Invalid value for '{option}': {sentence}"


@pytest.mark.parametrize(
    "arguments",
    [["fly"], ["run", "--mode", "x"], ["predict"]],
)
def test_wrong_usage_is_said_in_a_sentence_with_exit_code_2(arguments, tmp_path):
    result = command(*arguments, cwd=tmp_path)

    assert result.returncode == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_policy_value_that_would_have_no_effect_is_refused_before_anything_runs(tmp_path):
    result = command("run", "--champion", "off", "--mcnemar-level", "0.05", cwd=tmp_path)

    assert_one_sentence(result, "mcnemar_level is 0.05, but it has no effect if champion is off; leave it at 0, or set")
    assert not (tmp_path / "mnist-runs").exists()


def no_such_folder(_):
    return ["no such folder"]


def empty_folder(folder):
    folder.mkdir()
    return ["train-images-idx3-ubyte is missing", "the folder is empty"]


def wrong_magic(folder):
    write_patterned_idx(folder, 4, 4, 2)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(b"GIF89a......")
    return ["t10k-labels-idx1-ubyte", "magic number"]


def different_counts(folder):
    write_patterned_idx(folder, 4, 4, 2)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(5)))
    return ["48 images", "5 labels"]


def another_size(folder):
    write_patterned_idx(folder, 4, 4, 2)
    write_idx(folder, "test", *patterned(6, 4, 5, 2))
    return ["t10k-images-idx3-ubyte", "test images are 4 x 5 pixels", "train-images-idx3-ubyte are 4 x 4"]


def unknown_label(folder):
    write_patterned_idx(folder, 4, 4, 2)
    write_idx(folder, "test", *patterned(6, 4, 4, 3))
    return ["t10k-labels-idx1-ubyte", "the label 2, which no training image has"]


@pytest.mark.parametrize(
    "spoil", [no_such_folder, empty_folder, wrong_magic, different_counts, another_size, unknown_label]
)
def test_data_that_cannot_be_used_are_refused_before_anything_runs(spoil, tmp_path):
    parts = spoil(tmp_path / "data")

    result = command("run", "--data", tmp_path / "data", cwd=tmp_path)

    assert_one_sentence(result, str(tmp_path / "data"), *parts)
    assert not (tmp_path / "mnist-runs").exists()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ("a", "train-labels-idx1-ubyte: holds the label 1, but the class names end at label 0; name every class"),
        ("a,a", "class_names has a more than once; give every class a name of its own."),
        ("a,", "class_names is 'a,'; name 1 is empty, counted from 0; name every class."),
    ],
)
def test_class_names_that_do_not_fit_the_data_are_refused_before_anything_runs(names, sentence, tmp_path):
    write_patterned_idx(tmp_path / "data", 4, 4, 2)

    result = command("run", "--data", "data", "--class-names", names, cwd=tmp_path)

    assert_one_sentence(result, sentence)
    assert not (tmp_path / "mnist-runs").exists()


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")

    result = command("run", "--output-dir", "taken", cwd=tmp_path)

    assert_one_sentence(result, "taken", "a file stands where the output folder should be")
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.slow
def test_a_failing_step_is_named_with_its_reason_and_its_log(tmp_path, empty_store):
    put_store(tmp_path, empty_store)
    images, _ = write_idx(tmp_path / "data", "train", *patterned(20, 4, 4, 2))
    write_idx(tmp_path / "data", "test", *patterned(20, 4, 4, 2))
    images.write_bytes(images.read_bytes()[:-7])

    result = command("run", "--data", tmp_path / "data", "--json", cwd=tmp_path)

    assert result.returncode == 1
    assert "Traceback" not in result.stderr + result.stdout
    assert "node prepare_data_node failed" in result.stderr
    summary = json.loads(result.stdout)
    assert (summary["status"], summary["nodes"]["prepare_data_node"]["status"]) == ("Failed", "Failed")
    assert summary["nodes"]["train_node"]["status"] == "NotStarted"
    assert "the header promises 320 bytes of data" in summary["error"]
    assert summary["accuracy"] is None
    assert "the header promises 320 bytes of data, the file holds only 313" in result.stderr
    (log,) = tmp_path.glob("mnist-runs/*/nodes/prepare_data_node/log.txt")
    assert str(log) in result.stderr
    assert "train_node  NotStarted" not in result.stdout + result.stderr
    assert not list(tmp_path.glob("mnist-runs/*/nodes/*/outputs*"))


@pytest.mark.slow
def test_a_champion_for_other_data_is_named_before_anything_runs(finished_run, tmp_path):
    folder, _ = finished_run
    write_patterned_idx(tmp_path / "wider", 8, 10, 3)
    runs = sorted((folder / "mnist-runs").glob("*/plan.json"))

    result = command("run", "--data", tmp_path / "wider", "--model-name", "stripes", cwd=folder)

    assert_one_sentence(
        result,
        "the champion, stripes version 1, was trained on images of 8 x 8 pixels in 2 classes (plain, striped), but "
        "these data have images of 8 x 10 pixels with labels up to 2; ",
        "--model-name",
        "--champion off",
    )
    assert sorted((folder / "mnist-runs").glob("*/plan.json")) == runs


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A folder in which the pipeline ran on small patterns that are easy to learn, and what was printed."""
    folder = tmp_path_factory.mktemp("run") / "Ada's run"
    folder.mkdir()
    write_patterned_idx(folder / "data", 8, 8, 2, n_train=200, n_test=40)
    arguments = ["--data", "data", "--class-names", "plain,striped", "--epochs", "4", "--model-name", "stripes"]
    return folder, command("run", *arguments, cwd=folder)


@pytest.mark.slow
def test_a_run_tells_its_accuracy_its_decision_its_model_and_how_to_look_further(finished_run):
    folder, result = finished_run

    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    (metrics_file,) = folder.glob("mnist-runs/*/nodes/score_node/outputs/output_result/metrics.json")
    accuracy = json.loads(metrics_file.read_text())["accuracy"]
    assert f"accuracy  {accuracy:.4f} on 40 test images" in result.stdout
    assert "decision  registered" in result.stdout
    assert "stripes version 1" in result.stdout
    store = shlex.quote(f"sqlite:///{folder}/mnist-runs/mlflow.db")
    assert f"mlflow ui --backend-store-uri {store}" in result.stdout
    assert shutil.which(re.search(r"(\S+) predict", result.stdout)[1])
    assert "train_node  epoch 4/4" in result.stdout
    assert re.match(r"\d\d:\d\d:\d\d  loading Azure's SDK\n", result.stdout), "a word before the seconds of silence"
    for picture in re.findall(r"\S+\.png", result.stdout):
        if picture != "IMAGE.png":
            with Image.open(folder / picture) as opened:
                assert opened.width > 100


@pytest.mark.slow
def test_mlflow_itself_lists_the_registered_model(finished_run):
    from mlflow import MlflowClient

    folder, _ = finished_run

    (model,) = MlflowClient(f"sqlite:///{folder}/mnist-runs/mlflow.db").search_registered_models()
    assert model.name == "stripes"


@pytest.mark.slow
def test_the_commands_that_a_run_prints_can_be_pasted(finished_run):
    from mlflow import MlflowClient

    folder, result = finished_run
    page, prediction = re.findall(r"^  (\S+ (?:ui|predict) .*)$", result.stdout, re.MULTILINE)
    images, _ = patterned(1, 8, 8, 2, seed=5)
    Image.fromarray(images[0]).save(folder / "IMAGE.png")

    *_, store = shlex.split(page)
    (model,) = MlflowClient(store).search_registered_models()
    assert model.name == "stripes"
    pasted = subprocess.run(["bash", "-c", prediction], cwd=folder, capture_output=True, text=True)
    assert pasted.returncode == 0, pasted.stderr
    assert pasted.stdout.startswith("IMAGE.png: ")


def made_by_hand(folder, tracking_uri):
    """A completed run whose outputs are in a folder, with a model that cannot be loaded."""
    outputs = {name: folder / name for name in ("model", "result", "registration")}
    for output in outputs.values():
        output.mkdir(parents=True)
    registration = {"decision": "refused", "checks": [], "model_version": None, "is_champion": False}
    (outputs["registration"] / "registration.json").write_text(json.dumps({**registration, "model_name": "m"}))
    (outputs["result"] / "metrics.json").write_text(json.dumps({"accuracy": 0.5, "loss": 1.0, "images": 2}))
    return PipelineRun("now", Status.COMPLETED, {}, outputs, folder, tracking_uri, "")


@pytest.mark.parametrize("below", ["a run of Ada's $HOME", "-v"])
@pytest.mark.parametrize("absolute", [True, False], ids=["elsewhere", "here"])
def test_the_prediction_that_a_run_prints_names_its_model_whatever_the_folder(below, absolute, tmp_path, monkeypatch):
    monkeypatch.chdir("/" if absolute else tmp_path)
    run = made_by_hand(tmp_path / below, "sqlite:///x.db")

    (line,) = re.findall(r"^  (\S+ predict .*)$", summary_text(run), re.MULTILINE)
    (tmp_path / "IMAGE.png").touch()
    pasted = subprocess.run(["bash", "-c", line.replace("IMAGE", str(tmp_path / "IMAGE"))], capture_output=True)

    assert f"{below}/model: holds 0 .keras files" in pasted.stderr.decode()


@pytest.mark.parametrize("uri", ["https://mlflow.example.org", "azureml://region.api.azureml.ms/mlflow/v1.0"])
def test_of_a_server_the_address_is_shown(uri, tmp_path):
    summary = summary_text(made_by_hand(tmp_path / "run", uri))

    assert f"\n  {uri}\n" in summary
    assert "mlflow ui" not in summary


@pytest.mark.slow
def test_a_summary_for_programs_is_all_that_stdout_holds_and_a_refusal_can_be_a_failure(tmp_path, empty_store):
    put_store(tmp_path, empty_store)
    write_patterned_idx(tmp_path / "data", 8, 8, 2, n_train=40, n_test=20)
    arguments = ["run", "--data", "data", "--epochs", "1", "--model-name", "stripes", "--max-loss", "1e-9"]

    result = command(*arguments, "--json", "--fail-if-refused", cwd=tmp_path)

    assert result.returncode == 3
    summary = json.loads(result.stdout)
    assert summary["status"] == "Completed"
    assert summary["error"] is None
    assert summary["decision"] == "refused"
    assert (summary["model_name"], summary["model_version"], summary["is_champion"]) == ("stripes", None, False)
    assert {check["name"]: check["passed"] for check in summary["checks"]}["max_loss"] is False
    outputs = {name: Path(path) for name, path in summary["outputs"].items()}
    metrics = json.loads((outputs["result"] / "metrics.json").read_text())
    assert (summary["accuracy"], summary["loss"], summary["images"]) == (metrics["accuracy"], metrics["loss"], 20)
    assert (outputs["model"] / "MLmodel").is_file()
    assert Path(summary["folder"]).parent == tmp_path / "mnist-runs"
    assert [node["status"] for node in summary["nodes"].values()] == ["Completed"] * 4
    assert summary["nodes"]["train_node"]["duration"] > 0
    assert summary["tracking_uri"] == f"sqlite:///{tmp_path}/mnist-runs/mlflow.db"
    status = json.loads((Path(summary["folder"]) / "status.json").read_text())
    assert summary["run_id"] == status["mlflow"]["run_id"]
    assert "train_node  epoch 1/1" in result.stderr
    assert result.stderr.splitlines()[-1] == "Error: the model was refused, so it is not registered."


@pytest.mark.slow
def test_in_process_what_the_nodes_print_is_shown_once_and_goes_to_standard_error_beside_json(tmp_path, empty_store):
    put_store(tmp_path, empty_store)
    write_patterned_idx(tmp_path / "data", 8, 8, 2, n_train=40, n_test=20)

    result = command("run", "--data", "data", "--epochs", "2", "--mode", "in-process", "--json", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["status"] == "Completed"
    assert result.stderr.count("epoch 1/2") == 1
    assert "train_node  Running" in result.stderr
    assert "train_node  Completed in" in result.stderr


def test_a_run_that_cannot_begin_is_a_summary_too(tmp_path):
    result = command("run", "--data", tmp_path / "nowhere", "--json", cwd=tmp_path)

    assert_one_sentence(result, "no such folder")
    summary = json.loads(result.stdout)
    assert summary["status"] == "Failed"
    assert f"Error: {summary['error']}\n" == result.stderr
    assert summary["folder"] is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["models:/stripes/1", "mnist-runs/*/nodes/train_node/outputs/output_model", "mnist-runs/2*"]
)
def test_predict_names_the_class_of_an_image_and_how_sure_it_is(name, finished_run):
    folder, _ = finished_run
    (model,) = [name] if name.startswith("models:") else folder.glob(name)
    images, labels = patterned(2, 8, 8, 2, seed=5)
    for image, label in zip(images, labels, strict=True):
        Image.fromarray(image).resize((16, 16), Image.Resampling.NEAREST).save(folder / f"is{label}.png")

    result = command("predict", model, "is0.png", "is1.png", cwd=folder)

    assert result.returncode == 0, result.stderr
    assert [line.split("%")[0].rsplit(maxsplit=1)[0] for line in result.stdout.splitlines()] == [
        "is0.png: plain",
        "is1.png: striped",
    ]


@pytest.mark.slow
def test_predict_says_once_that_colors_are_turned_to_gray(finished_run):
    folder, _ = finished_run
    for name in ("red.png", "blue.png"):
        Image.new("RGB", (8, 8), name.removesuffix(".png")).save(folder / name)

    result = command("predict", "models:/stripes/1", "red.png", "blue.png", cwd=folder)

    assert result.returncode == 0, result.stderr
    assert result.stderr == "Note: red.png is a color image; the colors of all images are turned to gray.\n"
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("model", "image", "part"),
    [
        ("nowhere", "good.png", "nowhere: no such folder"),
        ("empty", "good.png", "empty: holds 0 .keras files"),
        ("models:/stripes/1", "good.png", "no MLflow store"),
        ("empty", "missing.png", "missing.png: no such file"),
    ],
)
def test_predict_says_in_one_sentence_what_it_misses(model, image, part, tmp_path):
    (tmp_path / "empty").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "good.png")

    assert_one_sentence(command("predict", model, image, cwd=tmp_path), part)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_the_run_marked_and_no_process_behind(sign, tmp_path, empty_store):
    put_store(tmp_path, empty_store)
    write_patterned_idx(tmp_path / "data", 8, 8, 2, n_train=400)
    process = subprocess.Popen(
        [sys.executable, "-m", "mnist_pipeline", "run", "--data", "data", "--epochs", "100000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_epochs(tmp_path)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert errors.strip() == "Canceled."
    (status_file,) = tmp_path.glob("mnist-runs/*/status.json")
    status = json.loads(status_file.read_text())
    assert status["status"] == "Canceled"
    assert status["nodes"]["train_node"]["status"] == "Canceled"
    assert not list(tmp_path.glob("mnist-runs/*/nodes/train_node/outputs*"))
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in running


def wait_for_epochs(folder):
    """Wait until the training has begun."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        logs = list(folder.glob("mnist-runs/*/nodes/train_node/log.txt"))
        if logs and "epoch 2/" in logs[0].read_text():
            return
        time.sleep(0.2)
    raise AssertionError("the training did not begin in two minutes")


@pytest.mark.slow
def test_a_keras_file_that_tells_no_scale_of_pixels_is_used_with_a_note(tmp_path):
    import keras

    keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]).save(
        tmp_path / "mine.keras"
    )
    Image.fromarray(np.full((2, 2), 255, np.uint8)).save(tmp_path / "IMAGE.png")

    result = command("predict", "mine.keras", "IMAGE.png", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("IMAGE.png: ")
    (note,) = result.stderr.splitlines()
    assert note.startswith("Note: mine.keras: nothing says what the network takes as a white pixel, so 255 is assumed;")
