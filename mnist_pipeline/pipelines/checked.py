"""The check of a pipeline's settings when it is called, before any step runs."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from mnist_pipeline.settings import TEXT, TYPES, Range, check_value, ranges_of


def checked(*settings: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Check type, range and choice of what a pipeline is called with. Stands above `@pipeline`.

    The ranges are those of the dataclasses `settings`; any other parameter annotated with int, float, str or bool must
    be of that type. The returned function has all of them as `ranges`. An input of an outer pipeline is passed on: its
    value is not known yet, and is checked before the outer pipeline runs.

    Raises (the returned function):
        SettingError: a value has the wrong type or is out of its range.
    """

    def decorate(pipeline_function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = inspect.signature(pipeline_function).parameters
        kinds = {name: TYPES[one.annotation] for name, one in parameters.items() if isinstance(one.annotation, type)}
        # mldesigner refuses an empty text on a step's command line
        ranges = {name: Range(kind, min=1 if kind == TEXT else None) for name, kind in kinds.items()}
        for declared in settings:
            ranges |= {name: range_ for name, range_ in ranges_of(declared).items() if name in parameters}

        @functools.wraps(pipeline_function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for name, value in (*zip(parameters, args, strict=False), *kwargs.items()):
                if name in ranges and (value is None or type(value) in TYPES):
                    check_value(name, value, ranges[name])
            return pipeline_function(*args, **kwargs)

        call.ranges = ranges  # type: ignore[attr-defined]  # functions take attributes
        return call

    return decorate
