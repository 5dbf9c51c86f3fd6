"""The MLflow run that a step logs to."""

from collections.abc import Iterator
from contextlib import contextmanager

import mlflow


@contextmanager
def step_run() -> Iterator[str]:
    """Log into the active MLflow run, or into one that lasts as long as the body; yield its id.

    In a job, and under the local runner, `MLFLOW_RUN_ID` and `MLFLOW_TRACKING_URI` name the run and the server.
    In a plain call MLflow's own settings and defaults decide. Only calls that exist on Azure ML's tracking server
    are made inside such a run: metrics, parameters, tags, artifacts; no logged models.
    """
    active = mlflow.active_run()
    if active is not None:
        yield active.info.run_id
        return
    with mlflow.start_run() as run:
        yield run.info.run_id
