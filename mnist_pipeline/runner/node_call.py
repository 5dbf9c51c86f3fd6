"""One node, ready to run: what every way of running a node is handed."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mnist_pipeline.runner.plan import Literal, Node


class NodeFailed(Exception):  # noqa: N818 - an outcome, caught by the runner and never shown to the user
    """A node did not complete; the message says why."""


@dataclass(frozen=True)
class NodeCall:
    """A node with its inputs and outputs resolved.

    Attributes:
        node: The node.
        inputs: A literal, or the path of data; unset optional inputs are absent.
        outputs: Where to write each output; folders exist.
        code: The folder to run in; for the subprocess it is the node's own copy of its snapshot.
        environment: Variables to set beside those of this process.
        cancel: Set when the node should stop.
        print_line: Takes each line that the node prints.
    """

    node: Node
    inputs: Mapping[str, Literal | Path]
    outputs: Mapping[str, Path]
    code: Path
    environment: Mapping[str, str]
    cancel: threading.Event
    print_line: Callable[[str], None]


class RunNode(Protocol):
    """A way of running a node."""

    def __call__(self, call: NodeCall) -> None:
        """Run the node to its end.

        Raises:
            NodeFailed: it did not complete, or was canceled.
        """
