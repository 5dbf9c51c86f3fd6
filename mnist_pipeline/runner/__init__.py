"""Any PipelineJob, carried out on this machine."""

from mnist_pipeline.runner.mlflow_runs import embedded_store
from mnist_pipeline.runner.pipeline_run import NodeRun, PipelineRun, Status
from mnist_pipeline.runner.run import Event, Mode, NodeChanged, NodePrinted, run_locally

__all__ = [
    "Event",
    "Mode",
    "NodeChanged",
    "NodePrinted",
    "NodeRun",
    "PipelineRun",
    "Status",
    "embedded_store",
    "run_locally",
]
