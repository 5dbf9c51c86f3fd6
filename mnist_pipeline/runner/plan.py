"""A pipeline as plain data: what is left of an SDK job once everything is resolved."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from mnist_pipeline.errors import PlanError


@dataclass(frozen=True)
class Literal:
    """A value given on the spot."""

    value: str | int | float | bool

    @property
    def text(self) -> str:
        """The value as it stands on a command line; mldesigner takes only `true` for True."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True)
class LocalData:
    """A file or folder on this machine."""

    path: Path


@dataclass(frozen=True)
class OutputOf:
    """What another node writes to one of its outputs."""

    node: str
    port: str


Binding = Literal | LocalData | OutputOf


@dataclass(frozen=True)
class Snapshot:
    """The files that a node is sent with.

    Attributes:
        files: Where each file comes from, by its path inside the snapshot.
        folder: Where they stand together on this machine.
    """

    folder: Path
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Node:
    """A step: one command line and what it is connected to.

    Attributes:
        name: Unique in the plan; a node of a nested pipeline carries its pipeline's name before a dot.
        command: The command line, with the placeholders `${{inputs.x}}`, `${{outputs.y}}` and `$[[...]]`.
        snapshot: The code; None for a command that needs none.
        inputs: What each input is bound to; an optional input that is not set is absent.
        outputs: The type of each output: `uri_folder`, `uri_file`, ...
        environment_variables: Set for the command.
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
    """Nodes, and which of their outputs are the pipeline's.

    Raises:
        PlanError: a node reads an output that no node has, or the nodes wait for each other in a circle.
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
