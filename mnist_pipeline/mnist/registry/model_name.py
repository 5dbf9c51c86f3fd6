"""The name of the registered model, as a setting."""

from dataclasses import dataclass

from mnist_pipeline.settings import Settings, setting


@dataclass(frozen=True)
class ModelName(Settings):
    """The name under which models become versions in the registry.

    Every registry takes these names. MLflow's own refuses only `/` and `:`; Azure ML takes letters, digits, dashes,
    periods and underscores, up to 255 (Azure/MachineLearningNotebooks 1099, where the limit was still lower).

    Raises:
        SettingError: a registry would refuse the name.
    """

    model_name: str = setting(
        "mnist-classifier",
        "Name of the model in the registry.",
        min=1,
        max=255,
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
        characters="English letters, digits, dashes, underscores and periods, first a letter or a digit",
    )
