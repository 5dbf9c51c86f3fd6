"""The name of the registered model, as a setting."""

from dataclasses import dataclass

from mnist_pipeline.settings import Settings, setting


@dataclass(frozen=True)
class ModelName(Settings):
    """The name under which models become versions in the registry; at least 1 character."""

    model_name: str = setting("mnist-classifier", "Name of the model in the registry.", min=1)
