"""One component, both ways: a plain function with output folders, a pipeline node without."""

import copy
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, overload

from mldesigner import Output

from mnist_pipeline.files import output_folder

_IN_A_JOB = not Path(__file__).with_name("snapshot.py").exists()  # no snapshot holds it
_PACKAGE = __package__.partition(".")[0]

Component = TypeVar("Component", bound=Callable[..., Any])
MlflowUse: TypeAlias = Literal["none", "run", "registry"]


@overload
def both_ways(component: Component, *, mlflow: MlflowUse = "none") -> Component: ...
@overload
def both_ways(*, mlflow: MlflowUse) -> Callable[[Component], Component]: ...
def both_ways(component: Callable[..., Any] | None = None, *, mlflow: MlflowUse = "none") -> Callable[..., Any]:
    """Let a `@command_component` function run at once when it is given an output folder.

    Called with positional arguments or with an output, it runs the function itself, in this process, and returns what
    the function returns. Called without, it returns the Azure ML node that mldesigner makes. It keeps its signature,
    its docstring, and its attribute `component`. Its output folders exist when the function runs, as in a job.

    Stands above `@command_component`, or takes a component that was declared elsewhere: `count = both_ways(count)`. The
    second form keeps this package out of the component's file, which Azure ML imports by itself.

    For a component of this package three things differ. It makes its output folders itself. Its description is the
    docstring's summary instead of the whole docstring. Its code is a snapshot of just the files that the step imports;
    a node gets a new one, because a file may have been edited.

    Args:
        component: What `@command_component` returned; without it, as in `@both_ways(mlflow="run")`, the result is a
            decorator.
        mlflow: What the function uses of MLflow: `none`, a `run` to log to, or the model `registry` too. A call that
            uses MLflow logs to the active run, or to the store that `MLFLOW_TRACKING_URI` or `mlflow.set_tracking_uri`
            names, or else to MLflow's default, `mlflow.db` in the current folder; then a line says so. With
            `MNIST_PIPELINE_TRACKING=off` there is no default, and nothing is logged.

    Returns:
        A function that takes the component's inputs and outputs.

    Raises:
        TypeError: `component` is not a component. The returned function raises it too, when it runs, if an argument is
            missing or unknown.
        OutputError: from the returned function: an output folder cannot be made.
        StoreError: from the returned function: the MLflow store cannot be used, or the server does not answer.
        RegistryError: from the returned function: it needs a registry, and there is none.
        SettingError: from the returned function: MNIST_PIPELINE_TRACKING is neither on nor off.
    """
    if component is None:
        return functools.partial(both_ways, mlflow=mlflow)
    function = inspect.unwrap(component)
    if function is component:
        raise TypeError(f"{_name_of(component)} is not a component; put @both_ways above @command_component.")
    signature = inspect.signature(function)
    declared = getattr(component, "component", None)
    is_own = function.__module__.startswith(f"{_PACKAGE}.")
    if declared and is_own and not _IN_A_JOB:
        _set_description_and_code(declared, function)
    annotations = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    ports = {name: port for name, port in annotations.items() if isinstance(port, Output)}
    ports |= declared.outputs if declared else {}  # the SDK has an Output of its own
    # This package's steps make their output folders themselves, after they have checked their settings.
    folders = set() if is_own else {name for name, port in ports.items() if port.type == "uri_folder"}

    @functools.wraps(component)
    def call(*args: Any, **kwargs: Any) -> Any:
        if args or ports.keys() & kwargs.keys():
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{_name_of(component)}: {error}.") from None
            bound.apply_defaults()
            for name in folders & bound.arguments.keys():
                output_folder(bound.arguments[name])
            if _IN_A_JOB or mlflow == "none":
                return function(*bound.args, **bound.kwargs)
            from mnist_pipeline.components.plain_call import tracked

            with tracked(registers=mlflow == "registry"):
                return function(*bound.args, **bound.kwargs)
        node = component(**kwargs)
        if is_own:
            node._component = copy.copy(node._component)  # into it the SDK writes what the first workspace calls it
            _set_description_and_code(node._component, function)
        return node

    return call


def _name_of(component: Callable[..., Any]) -> str:
    """Return the name that a program calls, and the component's own name if there is one."""
    name = getattr(component, "__name__", repr(component))
    declared = getattr(component, "component", None)
    return f"{name} (component {declared.name})" if declared else name


def _set_description_and_code(declared: Any, function: Callable[..., Any]) -> None:
    from mnist_pipeline.components.snapshot import snapshot_folder

    declared.description = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    source = next(word for word in declared.command.split() if word.endswith(".py"))  # such as components/prep.py
    declared.code = str(snapshot_folder(source))
