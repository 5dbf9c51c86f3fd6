"""The port of a component for a setting."""

from mldesigner import Input

from mnist_pipeline.settings import ranges_of


def port(settings: type, name: str) -> Input:
    """Return the port for one field of a dataclass of settings, with its type and its range.

    Args:
        settings: A dataclass whose fields are declared with `mnist_pipeline.settings.setting`.
        name: Of the field.
    """
    range_ = ranges_of(settings)[name]
    limits = {"min": range_.min, "max": range_.max, "enum": list(range_.choices) or None}
    return Input(type=range_.kind, **{key: limit for key, limit in limits.items() if limit is not None})
