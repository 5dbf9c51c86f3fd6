"""Any PipelineJob, carried out on this machine."""

from mnist_pipeline.runner.run import Event, Mode, NodeChanged, NodePrinted, run_locally
from mnist_pipeline.runner.status import NodeRun, PipelineRun, Status
from mnist_pipeline.runner.tracking import embedded_store

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
