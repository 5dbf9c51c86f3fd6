"""The settings of a pipeline: the types of its inputs, and the check of values when the pipeline is called."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from mnist_pipeline.settings import TYPES, Range, Setting, Settings, check_value, settings_of


def input_type(setting: Setting) -> type:
    """Return the type of a pipeline's input for a setting, for `mnist_pipeline.components.takes.takes`."""
    return type(setting.default)


def checked(pipeline_function: Callable[..., Any]) -> Callable[..., Any]:
    """Check the type, range and choice of what a pipeline is called with. Stands above `@pipeline`.

    It checks the settings that the pipeline takes, and its other parameters that are annotated with int, float, str or
    bool. The returned function has their ranges as its attribute `ranges`. The value of an input of an outer pipeline
    is not known yet. Its type, range and choice are checked before the outer pipeline runs; whether a text has the
    right characters, and whether the values of a group make sense together, is checked by the step.

    Raises (the returned function):
        SettingError: a value has the wrong type, is out of its range, or has no effect beside the others.
        TypeError: a setting is given by position.
    """
    signature = inspect.signature(pipeline_function)
    settings: tuple[Setting, ...] = pipeline_function.settings  # type: ignore[attr-defined]  # takes has set it
    groups: tuple[type[Settings], ...] = pipeline_function.groups  # type: ignore[attr-defined]  # takes has set it
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
        for group in groups:
            values = {one.name: kwargs.get(one.name, one.default) for one in settings_of(group)}
            if all(type(value) in TYPES for value in values.values()):
                group(**values)
        return pipeline_function(*args, **kwargs)

    call.ranges = ranges  # type: ignore[attr-defined]  # functions take attributes
    return call
