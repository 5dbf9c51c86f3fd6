"""Train image classifiers on Azure Machine Learning, with pipelines that run on a laptop too."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_pipeline.components.both_ways import both_ways
    from mnist_pipeline.mnist.data.idx_arrays import write_idx
    from mnist_pipeline.runner import PipelineRun, read_runs, run_locally

__version__ = "0.1.0"
__all__ = ["PipelineRun", "__version__", "both_ways", "read_runs", "run_locally", "write_idx"]


def __getattr__(name: str) -> Any:
    """Import a name when first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = {"both_ways": "components.both_ways", "write_idx": "mnist.data.idx_arrays"}.get(name, "runner")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
