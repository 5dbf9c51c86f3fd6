"""One component, both ways: a plain function with output folders, a pipeline node without."""

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

from mldesigner import Output


def both_ways(component: Callable[..., Any]) -> Callable[..., Any]:
    """Let a `@command_component` function run here and now when it is given an output folder.

    Called with positional arguments or with an output, it runs the function itself and returns None. Called
    without, it returns the Azure ML node, as mldesigner has it. Stands above `@command_component`. The component is
    described by the docstring's summary; mldesigner would take the docstring whole.

    Raises (the returned function, when it runs):
        TypeError: an argument is missing or unknown.
    """
    function = inspect.unwrap(component)
    signature = inspect.signature(function)
    if declared := getattr(component, "component", None):  # not in a job, which has no Azure SDK
        declared.description = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    outputs = {name for name, parameter in signature.parameters.items() if isinstance(parameter.annotation, Output)}

    @functools.wraps(component)
    def call(*args: Any, **kwargs: Any) -> Any:
        if args or outputs & kwargs.keys():
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return function(*bound.args, **bound.kwargs)
        node = component(**kwargs)
        node._component = copy.copy(node._component)  # into it the SDK writes what the first workspace calls it
        return node

    return call
