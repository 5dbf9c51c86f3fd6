"""Components of every kind, small and without TensorFlow."""

from pathlib import Path

from azure.ai.ml import Input, Output, command, load_component

from .letters.shout import shout_component

__all__ = ["PROJECTS", "count_component", "join_component", "shell_component", "shout_component"]

PROJECTS = Path(__file__).parent

count_component = load_component(PROJECTS / "count" / "count.yaml")

join_component = command(
    name="join",
    code=PROJECTS / "join",
    command="python join.py ${{inputs.first}} ${{inputs.second}} ${{outputs.joined}}",
    inputs={"first": Input(type="uri_folder"), "second": Input(type="uri_file")},
    outputs={"joined": Output(type="uri_folder")},
    environment="any:1",
).component


def shell_component(line, **inputs):
    """Return a component without code that runs a line of shell and may write to `${{outputs.result}}`."""
    outputs = {"result": Output(type="uri_folder")}
    return command(name="shell", command=line, inputs=inputs, outputs=outputs, environment="any:1").component
