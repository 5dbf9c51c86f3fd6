"""A pipeline as plain data: an SDK job with everything resolved."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from mnist_pipeline.errors import PlanError


@dataclass(frozen=True)
class Value:
    """A number, a text, or true or false."""

    value: str | int | float | bool

    @property
    def text(self) -> str:
        """The value as a command line has it; mldesigner reads only `true` as True."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True)
class LocalData:
    """A file or folder on this machine."""

    path: Path


@dataclass(frozen=True)
class OutputOf:
    """What another node writes to one of its outputs.

    Attributes:
        node: The name of that node in the plan.
        port: The name of the output.
    """

    node: str
    port: str


Binding = Value | LocalData | OutputOf


@dataclass(frozen=True)
class Snapshot:
    """The code of a node.

    Attributes:
        folder: The folder on this machine that holds all the files.
        files: Each file on this machine, by its path inside the snapshot.
    """

    folder: Path
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Node:
    """A step: one command line, its inputs and its outputs.

    Attributes:
        name: Unique in the plan; a node of a nested pipeline has the pipeline's name and a dot before its own.
        command: The command line, with the placeholders `${{inputs.x}}`, `${{outputs.y}}` and `$[[...]]`.
        snapshot: The code; None for a command that needs none.
        inputs: What each input is bound to; unset optional inputs are absent.
        outputs: The type of each output: `uri_folder`, `uri_file`, ...
        environment_variables: Variables to set for the command.
        imports_sdk: Whether the command may import azure.ai.ml; most environments in the cloud do not have it.
        function: The component's own function, for the in-process mode; None for a script.
    """

    name: str
    command: str
    snapshot: Snapshot | None
    inputs: Mapping[str, Binding]
    outputs: Mapping[str, str]
    environment_variables: Mapping[str, str]
    imports_sdk: bool = True
    function: Callable[..., object] | None = None

    @property
    def upstream(self) -> set[str]:
        """The names of the nodes whose outputs this one reads."""
        return {binding.node for binding in self.inputs.values() if isinstance(binding, OutputOf)}


@dataclass(frozen=True)
class Plan:
    """The nodes of a pipeline, checked.

    Attributes:
        name: The pipeline's name.
        experiment_name: The MLflow experiment of its runs.
        nodes: The nodes by their names.
        outputs: The node output behind each output of the pipeline.

    Raises:
        PlanError: a node or a pipeline output is bound to an output that no node has, or nodes wait for each other in a
            circle.
    """

    name: str
    experiment_name: str
    nodes: Mapping[str, Node]
    outputs: Mapping[str, OutputOf]

    def __post_init__(self) -> None:
        for node in self.nodes.values():
            for name, binding in node.inputs.items():
                if isinstance(binding, OutputOf):
                    self._check_output(binding, f"input {name} of node {node.name}")
        for name, output in self.outputs.items():
            self._check_output(output, f"pipeline output {name}")
        try:
            self.sorter().prepare()
        except CycleError as error:
            raise PlanError(f"the nodes {' -> '.join(error.args[1])} wait for each other; break the circle.") from error

    def __iter__(self) -> Iterator[Node]:
        """Iterate over the nodes in an order in which they can run."""
        return (self.nodes[name] for name in self.sorter().static_order())

    def sorter(self) -> TopologicalSorter[str]:
        """Return a fresh sorter that hands out the names of nodes as they become ready."""
        return TopologicalSorter({node.name: sorted(node.upstream) for node in self.nodes.values()})

    def _check_output(self, output: OutputOf, reader: str) -> None:
        node = self.nodes.get(output.node)
        if node is None or output.port not in node.outputs:
            raise PlanError(f"{reader} is bound to {output.node}.{output.port}, which does not exist.")
