"""A trained network as an MLflow model folder: `MLmodel`, `data/model.keras`, and what is needed to serve it."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
import yaml

from mnist_pipeline.mnist.errors import ModelError, OutputError
from mnist_pipeline.mnist.files import output_folder, written_whole

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

CLASS_NAMES = "class_names"  # key in the metadata of MLmodel
HYPERPARAMETERS = "hyperparameters"  # likewise
PREDICTION_BATCH = 200  # images: what the layers make of them stays near the cache
_SERVING_PACKAGES = ("keras", "tensorflow", "numpy", "pandas")  # naming them spares MLflow a guess of many seconds


@dataclass(frozen=True)
class TrainedModel:
    """A network and the names of its classes.

    Attributes:
        network: Maps float32 gray values 0..255 of shape (n, height, width, 1) to probabilities (n, classes).
        class_names: A name for each class; empty where the training data gave none.
    """

    network: "keras.Model"
    class_names: tuple[str, ...] = ()

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        _, height, width, _ = self.network.input_shape
        return height, width

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.network.output_shape[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each class: the label itself where the training data gave none."""
        return self.class_names or tuple(str(label) for label in range(self.n_classes))

    def probabilities(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the class probabilities, float32 of shape (n, classes), for images of shape (n, height, width).

        They are those of `network.predict`, at twice the speed or more.
        """
        starts = range(0, len(images), PREDICTION_BATCH)
        return np.concatenate([self._forward(images[start : start + PREDICTION_BATCH]).numpy() for start in starts])

    @cached_property
    def _forward(self) -> "Callable[[npt.NDArray[np.uint8]], tf.Tensor]":
        """The network as one graph, from a batch of images to probabilities, compiled when it is first called."""
        import tensorflow as tf

        forward: Callable[[npt.NDArray[np.uint8]], tf.Tensor] = tf.function(
            lambda images: self.network(tf.cast(images[..., None], tf.float32), training=False),
            input_signature=[tf.TensorSpec((None, *self.image_size), tf.uint8)],
            autograph=False,
        )
        return forward


def model_target(folder: str | os.PathLike[str]) -> Path:
    """Make the folder for a model if it is missing, and check that a model may be written there.

    Raises:
        OutputError: `folder` cannot be written to, or holds something else than a model.
    """
    target = output_folder(folder)
    if any(target.iterdir()) and not (target / "MLmodel").is_file():
        raise OutputError(f"{target}: holds files that are not a model; name an empty folder for the model.")
    return target


def save_model(
    model: TrainedModel,
    folder: str | os.PathLike[str],
    example: npt.NDArray[np.uint8],
    hyperparameters: Mapping[str, int | float | str] | None = None,
) -> None:
    """Write an MLflow model folder with signature and input example; it appears whole or not at all.

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
        mlflow.keras.save_model(
            model.network,
            aside,
            signature=signature,
            input_example=inputs,
            metadata={CLASS_NAMES: list(model.class_names), HYPERPARAMETERS: dict(hyperparameters or {})},
            pip_requirements=[f"{name}=={version(name)}" for name in _SERVING_PACKAGES],
        )
        _replace_contents(Path(aside), target)


def load_model(folder: str | os.PathLike[str]) -> TrainedModel:
    """Read a model folder that `save_model` wrote, or any folder with exactly one `.keras` file.

    The network is read with Keras's safe mode: a model that carries code is refused.

    Raises:
        ModelError: there is no folder, no model in it, or the model cannot be used here.
    """
    path = Path(folder)
    if not path.is_dir():
        raise ModelError(f"{path}: no such folder; give the folder that the training step wrote (output_model).")
    found = sorted(path.rglob("*.keras"))
    if len(found) != 1:
        raise ModelError(f"{path}: holds {len(found)} .keras files where a model folder has one; give a trained model.")

    import keras

    try:
        network = keras.saving.load_model(found[0], compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{found[0]}: not a Keras model that can be loaded safely ({reason}).") from error
    takes, gives = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if not (_is_shape(takes, 4) and takes[-1] == 1 and _is_shape(gives, 2)):
        raise ModelError(
            f"{found[0]}: takes {takes} and gives {gives}; an image classifier takes (n, height, width, 1) and gives "
            "(n, classes)."
        )
    return TrainedModel(network, tuple(_metadata(path / "MLmodel").get(CLASS_NAMES, ())))


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
    from mlflow.models import Model

    if not description.is_file():
        return {}
    try:
        return dict(Model.load(description).metadata or {})
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{description}: not a description of an MLflow model; train the model again.") from error


def _replace_contents(source: Path, target: Path) -> None:
    """Empty the folder `target` and copy everything in `source` there; `MLmodel` goes first and comes last.

    Raises:
        OutputError: copying failed; `target` is left empty.
    """
    (target / "MLmodel").unlink(missing_ok=True)
    try:
        _empty(target)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("MLmodel"), dirs_exist_ok=True)
        with written_whole(target / "MLmodel") as (path,):
            shutil.copyfile(source / "MLmodel", path)
    except (OSError, shutil.Error) as error:
        _empty(target)
        raise OutputError(
            f"{target}: the model cannot be written ({error}); make room or name another folder."
        ) from error


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
