"""Components that run a script in place of the decorated function."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import mldesigner
from azure.ai.ml import Input, Output
from azure.ai.ml.entities import CommandComponent, Environment

from mnist_pipeline.components.environment import KERAS, VERSION
from mnist_pipeline.components.script_options import pass_options
from mnist_pipeline.components.snapshot import snapshot_folder

_ARGUMENT = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)  # of a docstring, with its description


def script_component(
    *, name: str, display_name: str, command: str, is_deterministic: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a component with the ports of a function and the command line of a script that does the same.

    Takes the place of `@command_component`, between `@both_ways` and `@takes`; it needs the Azure SDK, which is not
    there in a job. The docstring describes the ports. The returned function makes nodes.

    Args:
        name: The component's name in Azure ML.
        display_name: The name that Azure ML shows.
        command: Runs the script; options for the settings that the function takes are added.
        is_deterministic: Whether Azure ML may reuse the outputs of an earlier run with the same inputs.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        described = {name: " ".join(text.split()) for name, text in _ARGUMENT.findall(inspect.getdoc(function) or "")}
        inputs: dict[str, Input] = {}
        outputs: dict[str, Output] = {}
        for port_name, parameter in inspect.signature(function).parameters.items():
            port = parameter.annotation
            description = port.description or described[port_name]
            if isinstance(port, mldesigner.Output):
                outputs[port_name] = Output(type=port.type, description=description)
            else:
                inputs[port_name] = Input(
                    type=port.type,
                    optional=port.optional,
                    default=None if parameter.default is parameter.empty else parameter.default,
                    min=port.min,
                    max=port.max,
                    enum=port.enum,
                    description=description,
                )
        component = CommandComponent(
            name=name,
            version=VERSION,
            display_name=display_name,
            code=snapshot_folder(command.split()[1]),
            command=f"{command} {pass_options(getattr(function, 'settings', ()))}".rstrip(),
            inputs=inputs,
            outputs=outputs,
            environment=Environment(**KERAS),
            is_deterministic=is_deterministic,
        )

        @functools.wraps(function)
        def make_node(**kwargs: Any) -> Any:
            return component(**kwargs)

        make_node.component = component  # type: ignore[attr-defined]  # mldesigner's components have it too
        return make_node

    return decorate
