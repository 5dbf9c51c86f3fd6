"""The pipelines, imported on first use, because composing one imports the Azure SDK."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_pipeline.pipelines.image_classification import image_classification_pipeline
    from mnist_pipeline.pipelines.train_evaluate_register import train_evaluate_register_pipeline

__all__ = ["image_classification_pipeline", "train_evaluate_register_pipeline"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{name.removesuffix('_pipeline')}"), name)
