"""The settings of a pipeline: the types of its inputs, and the check of values when the pipeline is called."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from mnist_pipeline.settings import TYPES, Range, Setting, check_value


def input_type(setting: Setting) -> type:
    """Return the type of a pipeline's input for a setting, for `mnist_pipeline.components.takes.takes`."""
    return type(setting.default)


def checked(pipeline_function: Callable[..., Any]) -> Callable[..., Any]:
    """Check the type, range and choice of what a pipeline is called with. Stands above `@pipeline`.

    It checks the settings that the pipeline takes, and its other parameters that are annotated with int, float, str or
    bool. The returned function has their ranges as its attribute `ranges`. The value of an input of an outer pipeline
    is not known yet; it is checked before the outer pipeline runs.

    Raises (the returned function):
        SettingError: a value has the wrong type or is out of its range.
        TypeError: a setting is given by position.
    """
    signature = inspect.signature(pipeline_function)
    settings: tuple[Setting, ...] = pipeline_function.settings  # type: ignore[attr-defined]  # takes has set it
    ranges = {one.name: one.range for one in settings}
    for name, parameter in signature.parameters.items():
        if name not in ranges and isinstance(parameter.annotation, type) and parameter.annotation in TYPES:
            ranges[name] = Range(TYPES[parameter.annotation])

    @functools.wraps(pipeline_function)
    def call(*args: Any, **kwargs: Any) -> Any:
        signature.bind_partial(*args)
        for name, value in kwargs.items():
            if name in ranges and (value is None or type(value) in TYPES):
                check_value(name, value, ranges[name])
        return pipeline_function(*args, **kwargs)

    call.ranges = ranges  # type: ignore[attr-defined]  # functions take attributes
    return call
