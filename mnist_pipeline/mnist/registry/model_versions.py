"""The versions of a registered model as a table for Python users."""

import os
from typing import TYPE_CHECKING

from mnist_pipeline.mlflow_store import make_ready, read_timeout
from mnist_pipeline.mnist.registry.champion import find_challenger, find_champion, read_history
from mnist_pipeline.mnist.registry.client import ACCURACY, DATA_DIGEST, RegisteredModel
from mnist_pipeline.mnist.registry.model_name import ModelName

if TYPE_CHECKING:
    import pandas as pd


def model_versions(name: str = ModelName.model_name, tracking_uri: str | None = None) -> "pd.DataFrame":
    """Return one row per version of a registered model, the oldest first; no rows if the model does not exist.

    Columns:

    - `version` (int64): number of the version
    - `champion` (bool): whether it is the champion
    - `challenger` (bool): whether it is the challenger
    - `champion_since` (datetime64[ns, UTC]): when the champion became the champion; NaT for all other versions
    - `created` (datetime64[ns, UTC]): when the version was created
    - `accuracy` (float64): share of the test images that the model classifies correctly, 0..1
    - `loss` (float64): mean cross-entropy in nats; NaN if scoring wrote none
    - `images` (Int64): number of test images; NA if scoring wrote no predictions
    - `test_data` (string): SHA-256 of the test data; versions with the same one can be compared
    - `pipeline_run` (string): id of the pipeline's MLflow run
    - `git_commit` (string): commit of the code that started the pipeline; NA if unknown

    Args:
        name: Name in the registry.
        tracking_uri: The MLflow server or store, such as `sqlite:///mnist-runs/mlflow.db`; MLflow's present one when
            None.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request.
    """
    import pandas as pd
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri)
    make_ready(client.tracking_uri, read_timeout(os.environ))
    model = RegisteredModel(name, client)
    champion, challenger = find_champion(model), find_challenger(model)
    since = {reign.version: reign.since for reign in read_history(model)[:1]}  # empty if MLflow itself set the alias
    versions = list(model.versions().values())
    columns = {
        "version": ("int64", [version.number for version in versions]),
        "champion": ("bool", [champion is not None and version.number == champion.number for version in versions]),
        "challenger": (
            "bool",
            [challenger is not None and version.number == challenger.number for version in versions],
        ),
        "champion_since": ("datetime64[ns, UTC]", [since.get(version.number) for version in versions]),
        "created": ("datetime64[ns, UTC]", [version.created for version in versions]),
        "accuracy": ("float64", [version.number_in(ACCURACY) for version in versions]),
        "loss": ("float64", [version.number_in("loss") for version in versions]),
        "images": ("Int64", [version.number_in("images") for version in versions]),
        "test_data": ("string", [version.tags.get(DATA_DIGEST) for version in versions]),
        "pipeline_run": ("string", [version.tags.get("pipeline_run") for version in versions]),
        "git_commit": ("string", [version.tags.get("git_commit") for version in versions]),
    }
    return pd.DataFrame({column: pd.Series(values, dtype=dtype) for column, (dtype, values) in columns.items()})
