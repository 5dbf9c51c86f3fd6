"""What a listener hears while a run goes on."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mnist_pipeline.runner.pipeline_run import NodeRun

_EPOCH = re.compile(r"epoch (\d+)/(\d+)\b")


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

    @property
    def epoch(self) -> tuple[int, int] | None:
        """The number of the epoch that ended, from 1, and how many there are, if the line starts as `epoch 3/10`."""
        found = _EPOCH.match(self.line)
        return (int(found[1]), int(found[2])) if found else None


Event: TypeAlias = NodeChanged | NodePrinted
Listener: TypeAlias = Callable[[Event], None]
