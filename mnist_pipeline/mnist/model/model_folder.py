"""A trained network as an MLflow model folder: `MLmodel`, `data/model.keras`, and the files that serving needs.

Beside `model.keras` is the same network as `model.onnx`. Steps that only use the network load this file, because ONNX
Runtime is ready before TensorFlow would be imported. `MLmodel` holds the digests of both files. If one of the files was
changed, the Keras file counts.

The files depend on the model alone, so the same model is the same folder, byte for byte: dates are fixed, and the
`model_uuid` in `MLmodel` is computed from the rest of it. The registry has its own date of each version.
"""

import math
import os
import shutil
import tempfile
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
import yaml

from mnist_pipeline.errors import ModelError, OutputError
from mnist_pipeline.files import output_folder, sha256_of, unfinished, written_whole
from mnist_pipeline.mnist.model.classifier import PIXEL_MAX, Classifier, OnnxModel, PixelScaleWarning, TrainedModel
from mnist_pipeline.mnist.model.model_card import model_card
from mnist_pipeline.mnist.model.reproducible_files import DATE, remove_dates, rename_values

if TYPE_CHECKING:
    import keras
    import onnxruntime

CLASS_NAMES = "class_names"  # key in the metadata of MLmodel, like the next three
PIXELS = "pixel_max"  # what the network takes as a white pixel
HYPERPARAMETERS = "hyperparameters"
DIGESTS = "sha256"  # of model.keras, and of the model.onnx that was made from it

_KERAS_FILE = "model.keras"  # the name that MLflow gives it
_ONNX_FILE = "model.onnx"
_CARD_FILE = "README.md"
_SERVING_PACKAGES = ("keras", "tensorflow", "numpy", "pandas")  # otherwise MLflow spends many seconds on guessing them


def model_target(folder: str | os.PathLike[str]) -> Path:
    """Create the folder for a model if it is missing, and check that a model may be written there.

    A model may replace another model, also an unfinished one that a killed process left behind.

    Raises:
        OutputError: `folder` cannot be written to, or holds files that are not a model.
    """
    target = output_folder(folder)
    description = target / "MLmodel"
    if any(target.iterdir()) and not (description.is_file() or unfinished(description).is_file()):
        raise OutputError(f"{target}: holds files that are not a model; name an empty folder for the model.")
    return target


def save_model(
    model: TrainedModel,
    folder: str | os.PathLike[str],
    example: npt.NDArray[np.uint8],
    hyperparameters: Mapping[str, int | float | str] | None = None,
) -> None:
    """Write an MLflow model folder with signature, input example, card and ONNX file; it appears whole or not at all.

    The same network of `recipes.py`, with the same weights, gives the same files, byte for byte.

    Args:
        model: The model to save.
        folder: Where to write it. An existing model there is replaced; a folder with other files is refused.
        example: A few images, uint8 of shape (n, height, width).
        hyperparameters: What the model was trained with; stored in `MLmodel`.

    Raises:
        OutputError: `folder` cannot be written to, or holds files that are not a model.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    target = model_target(folder)
    # MLflow could infer the signature, but only with SciPy, which mlflow-skinny in the cloud does not install. Its type
    # tells the scale, 0 to 255: MLflow refuses fractions. Keras itself adds the last axis and converts to float32.
    signature = ModelSignature(
        Schema([TensorSpec(np.dtype(np.uint8), (-1, *example.shape[1:]))]),
        Schema([TensorSpec(np.dtype(np.float32), (-1, model.n_classes))]),
    )
    # A mounted blob store takes no random writes, but Keras seeks in its zip file: write it elsewhere, then copy it.
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        metadata = {
            CLASS_NAMES: list(model.class_names),
            PIXELS: model.pixel_max,
            HYPERPARAMETERS: dict(hyperparameters or {}),
        }
        description = mlflow.models.Model(metadata=metadata, utc_time_created=DATE, model_uuid=None)
        mlflow.keras.save_model(
            model.network,
            aside,
            mlflow_model=description,
            signature=signature,
            input_example=example,
            pip_requirements=[f"{name}=={version(name)}" for name in _SERVING_PACKAGES],
        )
        files = (folder / "data" / _KERAS_FILE, folder / "data" / _ONNX_FILE)
        remove_dates(files[0])
        _write_onnx(model.network, example[..., None].astype(np.float32), files[1])
        rename_values(files[1])
        card = model_card(model.image_size, model.names, model.pixel_max)
        (folder / _CARD_FILE).write_text(card, encoding="utf-8")
        description.metadata = {**metadata, DIGESTS: {file.name: sha256_of(file) for file in files}}
        description.model_uuid = uuid.uuid5(uuid.NAMESPACE_OID, description.to_yaml()).hex
        description.save(folder / "MLmodel")
        _replace_contents(folder, target)


def _write_onnx(network: "keras.Model", example: npt.NDArray[np.float32], file: Path) -> None:
    network(example)  # Keras exports a network only after it was called
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras uses a name that NumPy no longer has
        network.export(file, format="onnx", verbose=False)


def load_model(path: str | os.PathLike[str]) -> Classifier:
    """Load a model: the folder that `save_model` wrote, a folder in it or above it, or a `.keras` file.

    The names of the classes are found in `MLmodel`, beside the folder `data` that holds the `.keras` file. A `.keras`
    file that stands alone is a model without names. Keras loads the file in its safe mode, which refuses models that
    contain code.

    What the network takes as a white pixel is `pixel_max` in the metadata of `MLmodel`, as
    `mlflow.keras.save_model(..., metadata={"pixel_max": 1})` writes it. If it is not there, 255 is assumed, with a
    PixelScaleWarning unless the network begins by rescaling the pixels.

    Args:
        path: The `.keras` file, or a folder with exactly one, at any depth.

    Raises:
        ModelError: there is no such folder, no model in it, the model cannot be loaded or is no image classifier, or
            `pixel_max` is not a number above 0.
    """
    keras_file = _sole_keras_file(Path(path))
    onnx_file = keras_file.with_name(_ONNX_FILE)
    description = _description_of(keras_file)
    metadata = _metadata(description)
    class_names = tuple(metadata.get(CLASS_NAMES, ()))
    pixel_max = metadata.get(PIXELS)
    if pixel_max is not None and not _is_above_0(pixel_max):
        raise ModelError(f"{description}: {PIXELS} is {pixel_max!r}; give the value of a white pixel, such as 255.")
    if onnx_file.is_file() and metadata.get(DIGESTS) == {
        file.name: sha256_of(file) for file in (keras_file, onnx_file)
    }:
        return OnnxModel(_onnx_session(onnx_file), class_names, pixel_max or PIXEL_MAX)
    network = _keras_network(keras_file)
    if pixel_max is None and not _begins_by_rescaling(network):
        warnings.warn(
            f"{keras_file}: nothing says what the network takes as a white pixel, so {PIXEL_MAX} is assumed; write "
            f"{PIXELS}: 1 to the metadata in the MLmodel of its folder if it was trained on pixels from 0 to 1.",
            PixelScaleWarning,
            stacklevel=2,
        )
    return TrainedModel(network, class_names, pixel_max or PIXEL_MAX)


def _is_above_0(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _begins_by_rescaling(network: "keras.Model") -> bool:
    """Tell whether the first layer, or that of the first network inside, is Keras's `Rescaling`."""
    import keras

    layers = [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    first = layers[0] if layers else None
    return _begins_by_rescaling(first) if isinstance(first, keras.Model) else isinstance(first, keras.layers.Rescaling)


def _sole_keras_file(path: Path) -> Path:
    """Return `path` if it is a `.keras` file, or the one in the folder `path`.

    Raises:
        ModelError: there is none, or more than one.
    """
    if path.is_file():
        if path.suffix == ".keras":
            return path
        raise ModelError(f"{path}: not a .keras file; give the folder that the training step wrote (output_model).")
    if not path.is_dir():
        raise ModelError(f"{path}: no such folder; give the folder that the training step wrote (output_model).")
    found = sorted(path.rglob("*.keras"))
    if len(found) != 1:
        raise ModelError(f"{path}: holds {len(found)} .keras files where a model folder has one; give a trained model.")
    return found[0]


def _description_of(keras_file: Path) -> Path:
    """Return the `MLmodel` of the model folder that a `.keras` file is part of; the file may not exist."""
    file = keras_file.absolute()  # a relative path has no parents above the working directory
    return next((folder / "MLmodel" for folder in file.parents[:2] if (folder / "MLmodel").is_file()), file / "MLmodel")


def _onnx_session(file: Path) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1  # without a number, ONNX Runtime pins its threads to processors
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def _keras_network(file: Path) -> "keras.Model":
    import keras

    try:
        _check_content(file)
        network = keras.saving.load_model(file, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{file}: not a Keras model that can be loaded safely ({reason}).") from error
    takes, gives = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if not (_is_shape(takes, 4) and takes[-1] == 1 and _is_shape(gives, 2)):
        raise ModelError(
            f"{file}: takes {takes} and gives {gives}; an image classifier takes (n, height, width, 1) and gives "
            "(n, classes)."
        )
    return network


def _check_content(file: Path) -> None:
    """Check the checksums of a zip file, which Python 3.13 ignores where a reader seeks, as Keras does.

    Raises:
        OSError: the file cannot be read.
        zipfile.BadZipFile: a member is damaged, or the file is no zip file.
    """
    with zipfile.ZipFile(file) as archive:
        try:
            damaged = archive.testzip()
        except (RuntimeError, zlib.error) as error:  # encrypted, of an unknown compression, or not decompressed
            raise zipfile.BadZipFile(str(error)) from error
        if damaged:
            raise zipfile.BadZipFile(f"{damaged} in it is damaged")


def _is_shape(shape: object, length: int) -> TypeGuard[tuple[int, ...]]:
    """Tell whether `shape` is that of a single tensor, with a known size in every dimension but the first."""
    return isinstance(shape, tuple) and len(shape) == length and all(isinstance(size, int) for size in shape[1:])


def read_hyperparameters(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the hyperparameters that `save_model` stored; an empty dict for a model that it did not write.

    Raises:
        ModelError: `MLmodel` cannot be read.
    """
    return dict(_metadata(Path(folder) / "MLmodel").get(HYPERPARAMETERS, {}))


def _metadata(description: Path) -> dict[str, Any]:
    """Return the metadata in an `MLmodel` file; an empty dict if there is no such file."""
    if not description.is_file():
        return {}
    try:
        return dict(yaml.safe_load(description.read_bytes()).get("metadata") or {})
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{description}: not a description of an MLflow model; train the model again.") from error


def _replace_contents(source: Path, target: Path) -> None:
    """Replace the contents of the folder `target` by a copy of the contents of `source`.

    `MLmodel` is written first, under a temporary name, which marks an unfinished model. It gets its real name last:
    without that file the folder is not a model.

    Raises:
        OutputError: copying failed; `target` is left empty.
    """
    with written_whole(target / "MLmodel") as (mark,):
        try:
            shutil.copyfile(source / "MLmodel", mark)
            _empty(target, keep=mark)
            for path in sorted(source.rglob("*")):  # not copytree, which copies the mode of a temporary folder too
                copy = target / path.relative_to(source)
                if path.is_dir():
                    copy.mkdir()
                elif path != source / "MLmodel":
                    shutil.copyfile(path, copy)
        except OSError as error:
            _empty(target)
            raise OutputError(
                f"{target}: the model cannot be written ({error}); make room or name another folder."
            ) from error


def _empty(folder: Path, keep: Path | None = None) -> None:
    (folder / "MLmodel").unlink(missing_ok=True)  # first, so that a half-emptied folder is not taken for a model
    for entry in folder.iterdir():
        if entry != keep:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
