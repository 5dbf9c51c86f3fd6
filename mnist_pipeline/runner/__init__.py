"""Runs any PipelineJob on this machine.

Each name is imported when first asked for, because importing MLflow and the SDK takes seconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_pipeline.runner.events import Event, NodeChanged, NodePrinted
    from mnist_pipeline.runner.mlflow_runs import embedded_store
    from mnist_pipeline.runner.pipeline_run import NodeRun, PipelineRun
    from mnist_pipeline.runner.run import Mode, run_locally
    from mnist_pipeline.runner.runs_table import read_runs
    from mnist_pipeline.runner.status import Status

__all__ = [
    "Event",
    "Mode",
    "NodeChanged",
    "NodePrinted",
    "NodeRun",
    "PipelineRun",
    "Status",
    "embedded_store",
    "read_runs",
    "run_locally",
]

_MODULES = {
    "Event": "events",
    "Mode": "run",
    "NodeChanged": "events",
    "NodePrinted": "events",
    "NodeRun": "pipeline_run",
    "PipelineRun": "pipeline_run",
    "Status": "status",
    "embedded_store": "mlflow_runs",
    "read_runs": "runs_table",
    "run_locally": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
