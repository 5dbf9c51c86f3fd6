"""MLflow's state in this process: the tracking URI, the experiment and the active runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlflow
from mlflow.tracking import fluent

_FLUENT: Any = fluent  # these members are private, and have no types


@contextmanager
def fresh_mlflow(uri: str | None) -> Iterator[None]:
    """Let MLflow be in the body as in a new process; then end the body's runs and restore what was before.

    The caller's active run, its experiment and its last run are hidden meanwhile, and are not changed. MLflow has
    functions that change them, but none that hides them.

    Args:
        uri: The tracking URI in the body; None leaves it to the environment.
    """
    before = _FLUENT._active_run_stack.get(), _FLUENT._last_active_run_id.get(), _FLUENT._active_experiment_id
    variable = os.environ.pop("MLFLOW_TRACKING_URI", None)
    is_set = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]  # MLflow declares no type
    tracking_uri = mlflow.get_tracking_uri() if is_set else None
    if variable is not None:
        os.environ["MLFLOW_TRACKING_URI"] = variable
    _set_state([], None, None)
    if uri is not None:
        mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        try:
            while mlflow.active_run() is not None:
                mlflow.end_run()
        finally:
            _set_state(*before)
            mlflow.set_tracking_uri(tracking_uri)  # type: ignore[arg-type]  # None unsets it


def _set_state(active: list[mlflow.ActiveRun], last: str | None, experiment: str | None) -> None:
    _FLUENT._active_run_stack.set(active)
    _FLUENT._last_active_run_id.set(last)
    _FLUENT._active_experiment_id = experiment
