"""A trained network as an MLflow model folder: `MLmodel`, `data/model.keras`, and what is needed to serve it.

Beside `model.keras` lies the same network as `model.onnx`, for steps that only use it: ONNX Runtime has it ready before
TensorFlow would be imported. `MLmodel` holds the digests of both; if either has been changed, the Keras file counts.
"""

import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
import yaml

from mnist_pipeline.errors import ModelError, OutputError
from mnist_pipeline.files import output_folder, sha256_of, unfinished, written_whole
from mnist_pipeline.mnist.model.classifier import Classifier, OnnxModel, TrainedModel

if TYPE_CHECKING:
    import keras
    import onnxruntime

CLASS_NAMES = "class_names"  # key in the metadata of MLmodel
HYPERPARAMETERS = "hyperparameters"  # likewise
DIGESTS = "sha256"  # likewise: of model.keras and of the model.onnx that was made of it

_KERAS_FILE = "model.keras"  # MLflow's name for it
_ONNX_FILE = "model.onnx"
_SERVING_PACKAGES = ("keras", "tensorflow", "numpy", "pandas")  # naming them spares MLflow a guess of many seconds


def model_target(folder: str | os.PathLike[str]) -> Path:
    """Make the folder for a model if it is missing, and check that a model may be written there.

    What a killed process has left of a model may be replaced like a model.

    Raises:
        OutputError: `folder` cannot be written to, or holds something else than a model.
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
    """Write an MLflow model folder with signature, input example and ONNX file; it appears whole or not at all.

    Args:
        model: What to save.
        folder: Where to; an existing model there is replaced, other files are refused.
        example: A few images, uint8 of shape (n, height, width).
        hyperparameters: What the model was trained with, kept in `MLmodel`.

    Raises:
        OutputError: `folder` cannot be written to, or holds something else than a model.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    target = model_target(folder)
    inputs = example[..., None].astype(np.float32)
    # Named, not inferred: inference needs SciPy, which mlflow-skinny in the cloud comes without.
    signature = ModelSignature(
        Schema([TensorSpec(inputs.dtype, (-1, *inputs.shape[1:]))]),
        Schema([TensorSpec(np.dtype(np.float32), (-1, model.n_classes))]),
    )
    # Keras writes its zip file here and there, which a mounted blob store does not take: written aside, then copied.
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        metadata = {CLASS_NAMES: list(model.class_names), HYPERPARAMETERS: dict(hyperparameters or {})}
        description = mlflow.models.Model(metadata=metadata)
        mlflow.keras.save_model(
            model.network,
            aside,
            mlflow_model=description,
            signature=signature,
            input_example=inputs,
            pip_requirements=[f"{name}=={version(name)}" for name in _SERVING_PACKAGES],
        )
        files = (folder / "data" / _KERAS_FILE, folder / "data" / _ONNX_FILE)
        _write_onnx(model.network, inputs, files[1])
        description.metadata = {**metadata, DIGESTS: {file.name: sha256_of(file) for file in files}}
        description.save(folder / "MLmodel")
        _replace_contents(folder, target)


def _write_onnx(network: "keras.Model", example: npt.NDArray[np.float32], file: Path) -> None:
    network(example)  # Keras exports only what has been called
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras looks for a name that NumPy has no longer
        network.export(file, format="onnx", verbose=False)


def load_model(folder: str | os.PathLike[str]) -> Classifier:
    """Read a model folder that `save_model` wrote, or any folder with exactly one `.keras` file.

    A Keras network is read with Keras's safe mode: a model that carries code is refused.

    Raises:
        ModelError: there is no folder, no model in it, or the model cannot be used here.
    """
    path = Path(folder)
    if not path.is_dir():
        raise ModelError(f"{path}: no such folder; give the folder that the training step wrote (output_model).")
    found = sorted(path.rglob("*.keras"))
    if len(found) != 1:
        raise ModelError(f"{path}: holds {len(found)} .keras files where a model folder has one; give a trained model.")
    (keras_file,) = found
    onnx_file = keras_file.with_name(_ONNX_FILE)
    metadata = _metadata(path / "MLmodel")
    class_names = tuple(metadata.get(CLASS_NAMES, ()))
    if onnx_file.is_file() and metadata.get(DIGESTS) == {
        file.name: sha256_of(file) for file in (keras_file, onnx_file)
    }:
        return OnnxModel(_onnx_session(onnx_file), class_names)
    return TrainedModel(_keras_network(keras_file), class_names)


def _onnx_session(file: Path) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1  # named, so that ONNX Runtime does not pin threads to processors
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def _keras_network(file: Path) -> "keras.Model":
    import keras

    try:
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


def _is_shape(shape: object, length: int) -> TypeGuard[tuple[int, ...]]:
    """Tell whether `shape` is that of one tensor whose sizes are known, but for the number of images."""
    return isinstance(shape, tuple) and len(shape) == length and all(isinstance(size, int) for size in shape[1:])


def read_hyperparameters(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model was trained with; nothing for a model of another origin.

    Raises:
        ModelError: the model's description cannot be read.
    """
    return dict(_metadata(Path(folder) / "MLmodel").get(HYPERPARAMETERS, {}))


def _metadata(description: Path) -> dict[str, Any]:
    """Read the metadata in an `MLmodel` file; a folder without one has none."""
    if not description.is_file():
        return {}
    try:
        return dict(yaml.safe_load(description.read_bytes()).get("metadata") or {})
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{description}: not a description of an MLflow model; train the model again.") from error


def _replace_contents(source: Path, target: Path) -> None:
    """Replace everything in the folder `target` by a copy of what is in `source`.

    `MLmodel` gets its name last: without it the folder is no model. Under its temporary name it comes first, as the
    mark of a model that is not whole yet.

    Raises:
        OutputError: copying failed; `target` is left empty.
    """
    with written_whole(target / "MLmodel") as (mark,):
        try:
            shutil.copyfile(source / "MLmodel", mark)
            _empty(target, keep=mark)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("MLmodel"), dirs_exist_ok=True)
        except OSError as error:
            _empty(target)
            raise OutputError(
                f"{target}: the model cannot be written ({error}); make room or name another folder."
            ) from error


def _empty(folder: Path, keep: Path | None = None) -> None:
    (folder / "MLmodel").unlink(missing_ok=True)  # first: what is being removed is a model no longer
    for entry in folder.iterdir():
        if entry != keep:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
