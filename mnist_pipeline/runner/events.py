"""What a listener hears while a run goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mnist_pipeline.runner.pipeline_run import NodeRun


@dataclass(frozen=True)
class NodeChanged:
    """A node has a new state."""

    node: NodeRun


@dataclass(frozen=True)
class NodePrinted:
    """A node printed a line.

    Attributes:
        name: The node's name in the plan.
        line: The line, without its end.
    """

    name: str
    line: str


Event: TypeAlias = NodeChanged | NodePrinted
Listener: TypeAlias = Callable[[Event], None]
