"""What the champion was trained on, held against the data of a new model: can the two be compared?"""

import os
import tempfile
from pathlib import Path

from mnist_pipeline.errors import ModelError, RegistryError
from mnist_pipeline.mnist.data.kind import Kind, kind_of
from mnist_pipeline.mnist.model.trained_on import TrainedOn, in_classes, read_trained_on
from mnist_pipeline.mnist.registry.champion import find_champion
from mnist_pipeline.mnist.registry.client import RegisteredModel, Version
from mnist_pipeline.mnist.registry.model_name import ModelName


def check_champion(
    test_data: str | os.PathLike[str], model_name: str = ModelName.model_name, tracking_uri: str | None = None
) -> None:
    """Check that a model for these data can be compared with the champion; for a look before a training.

    The register step compares the two on the test data. It refuses a champion of another kind too, but after the
    training. `mnist-pipeline run` makes this check before its first step.

    Args:
        test_data: A folder with IDX files, of which the test split counts; a CSV, or a folder with one; or a folder
            with one folder per label.
        model_name: Name in the registry.
        tracking_uri: The MLflow server or store, such as `sqlite:///mnist-runs/mlflow.db`; MLflow's present one when
            None.

    Raises:
        ModelError: the champion takes images of another size, or does not know a class of the data.
        DataError: the data cannot be read.
        RegistryError: the registry cannot be reached or refuses the request.
    """
    from mlflow import MlflowClient

    check_champion_of(RegisteredModel(model_name, MlflowClient(tracking_uri)), test_data)


def check_champion_of(model: RegisteredModel, test_data: str | os.PathLike[str]) -> None:
    """Check as `check_champion`, with a registered model."""
    champion = find_champion(model)
    if champion is not None and (trained_on := find_trained_on(champion, model)) is not None:
        check_kind(champion, trained_on, kind_of(test_data, "test"))


def find_trained_on(version: Version, model: RegisteredModel) -> TrainedOn | None:
    """Return what a version was trained on, from its description alone, which is a small file.

    Returns:
        What it was trained on; None if the version has no such description, or the description does not say.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            return read_trained_on(model.download_description(version.number, Path(folder)))
        except (RegistryError, ModelError):  # whoever needs the whole model will say what is wrong with it
            return None


def check_kind(champion: Version, trained_on: TrainedOn, kind: Kind) -> None:
    """Check that a champion can be scored on data of a kind.

    Raises:
        ModelError: it takes images of another size, or does not know a class of the data.
    """
    height, width = trained_on.image_size
    has_size = kind.image_size in (None, trained_on.image_size) and kind.pixels == height * width
    if kind.class_names and trained_on.class_names:
        knows_classes = set(kind.class_names) <= set(trained_on.class_names)
    else:
        knows_classes = kind.highest_label < trained_on.n_classes
    if not (has_size and knows_classes):
        raise ModelError(
            f"the champion, {champion.model} version {champion.number}, was trained on {trained_on}, but these data "
            f"have {_described(kind)}; register models for these data under a name of their own (--model-name, in "
            "Python model_name), or switch the comparison off (--champion off, in Python champion='off')."
        )


def _described(kind: Kind) -> str:
    size = f"{kind.pixels} pixels" if kind.image_size is None else "{} x {} pixels".format(*kind.image_size)
    if kind.class_names:
        return f"images of {size} in {in_classes(len(kind.class_names), kind.class_names)}"
    return f"images of {size} with labels up to {kind.highest_label}"
