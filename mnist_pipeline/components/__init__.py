"""The Azure ML components, imported on first use, because declaring one imports the Azure SDK."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_pipeline.components.image_classification_evaluate import image_classification_evaluate_component
    from mnist_pipeline.components.image_classification_register import image_classification_register_component
    from mnist_pipeline.components.image_classification_train import image_classification_train_component
    from mnist_pipeline.components.prep import prepare_data_component
    from mnist_pipeline.components.register import register_model_component
    from mnist_pipeline.components.score import keras_score_component
    from mnist_pipeline.components.train import keras_train_component
    from mnist_pipeline.components.train_gpu import keras_train_gpu_component

__all__ = [
    "image_classification_evaluate_component",
    "image_classification_register_component",
    "image_classification_train_component",
    "keras_score_component",
    "keras_train_component",
    "keras_train_gpu_component",
    "prepare_data_component",
    "register_model_component",
]

_MODULES = {
    "prepare_data_component": "prep",
    "keras_train_component": "train",
    "keras_train_gpu_component": "train_gpu",
    "keras_score_component": "score",
    "register_model_component": "register",
    "image_classification_train_component": "image_classification_train",
    "image_classification_evaluate_component": "image_classification_evaluate",
    "image_classification_register_component": "image_classification_register",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
