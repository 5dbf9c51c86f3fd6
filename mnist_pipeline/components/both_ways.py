"""One component, both ways: a plain function with output folders, a pipeline node without."""

import copy
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

from mldesigner import Output

_IN_A_JOB = not Path(__file__).with_name("snapshot.py").exists()  # no snapshot holds it


Tracking: TypeAlias = Literal["none", "run", "registry"]


def both_ways(component: Callable[..., Any] | None = None, *, mlflow: Tracking = "run") -> Callable[..., Any]:
    """Let a `@command_component` function of this package run at once when it is given an output folder.

    Called with positional arguments or with an output, it runs the function itself and returns None. Called
    without, it returns the Azure ML node that mldesigner makes. Stands above `@command_component`.

    The component is described by the docstring's summary, where mldesigner would take the whole docstring. Its code is
    a snapshot of just the files that the step imports; a node gets a new one, because a file may have been edited.

    Args:
        component: The function; None returns a decorator.
        mlflow: What the function uses of MLflow: nothing, a run to log to, or the model registry too. Where a plain
            call finds it is told in `components/plain_call.py`.

    Raises (the returned function, when it runs):
        TypeError: an argument is missing or unknown.
        StoreError, RegistryError, SettingError: MLflow cannot be used, as environment variables have it.
    """
    if component is None:
        return functools.partial(both_ways, mlflow=mlflow)
    function = inspect.unwrap(component)
    signature = inspect.signature(function)
    if (declared := getattr(component, "component", None)) and not _IN_A_JOB:
        _set_description_and_code(declared, function)
    outputs = {name for name, parameter in signature.parameters.items() if isinstance(parameter.annotation, Output)}

    @functools.wraps(component)
    def call(*args: Any, **kwargs: Any) -> Any:
        if args or outputs & kwargs.keys():
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            if _IN_A_JOB or mlflow == "none":
                return function(*bound.args, **bound.kwargs)
            from mnist_pipeline.components.plain_call import tracked

            with tracked(registers=mlflow == "registry"):
                return function(*bound.args, **bound.kwargs)
        node = component(**kwargs)
        node._component = copy.copy(node._component)  # into it the SDK writes what the first workspace calls it
        _set_description_and_code(node._component, function)
        return node

    return call


def _set_description_and_code(declared: Any, function: Callable[..., Any]) -> None:
    from mnist_pipeline.components.snapshot import snapshot_folder

    declared.description = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    source = next(word for word in declared.command.split() if word.endswith(".py"))  # such as components/prep.py
    declared.code = str(snapshot_folder(source))
