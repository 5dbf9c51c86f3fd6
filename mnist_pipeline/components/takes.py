"""Settings as parameters of a component or a pipeline."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from mldesigner import Input

from mnist_pipeline.settings import TEXT, Setting, Settings, settings_of

Function = TypeVar("Function", bound=Callable[..., Any])


def port(setting: Setting) -> Input:
    """Return the input of a component for a setting, with its type, its range and its help."""
    range_ = setting.range
    limits = {} if range_.kind == TEXT else {"min": range_.min, "max": range_.max}
    return Input(type=range_.kind, description=setting.help, enum=list(range_.choices) or None, **limits)


def takes(*groups: type[Settings], annotate: Callable[[Setting], Any] = port) -> Callable[[Function], Function]:
    """Let a function take the settings of some groups, as keyword-only parameters with their defaults.

    The function collects them in its last parameter, such as `**settings`. In its signature, its annotations and its
    docstring they take the place of that parameter, one by one: from these three mldesigner and the SDK make inputs.
    Stands below `@command_component` or `@pipeline`. The function gets two attributes: `settings`, all that it takes,
    and `groups`.

    Args:
        groups: Dataclasses of settings.
        annotate: Returns the annotation of the parameter for a setting.
    """
    settings = settings_of(*groups)

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        *own, collected = signature.parameters.values()
        parameters = [*own, *(_parameter(one, annotate(one)) for one in settings)]
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # as PEP 362 says
        function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        function.__doc__ = _described(inspect.getdoc(function) or "", collected.name, settings)
        function.settings = settings  # type: ignore[attr-defined]  # functions take attributes
        function.groups = groups  # type: ignore[attr-defined]  # the same
        return function

    return decorate


def _parameter(setting: Setting, annotation: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(setting.name, kind, default=setting.default, annotation=annotation)


def _described(docstring: str, collected: str, settings: Iterable[Setting]) -> str:
    """Put the descriptions of the settings where a docstring describes the parameter that collects them."""
    texts = [f"{one.name}: {one.help} It must be {one.range}." for one in settings]
    lines = [textwrap.fill(text, 110, initial_indent=" " * 4, subsequent_indent=" " * 8) for text in texts]
    return re.sub(rf"^    \*\*{collected}:.*", lambda _: "\n".join(lines), docstring, flags=re.MULTILINE)
