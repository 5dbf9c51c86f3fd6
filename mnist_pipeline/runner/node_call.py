"""One node, ready to run: the argument of every way of running a node."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mnist_pipeline.runner.plan import Node, Value


class NodeFailed(Exception):  # noqa: N818 - an outcome, caught by the runner and never shown to the user
    """A node did not complete; the message says why."""


@dataclass(frozen=True)
class NodeCall:
    """A node with its inputs and outputs resolved.

    Attributes:
        node: The node.
        inputs: A value, or the path of data, for each input; unset optional inputs are absent.
        outputs: Where to write each output; the folders exist already.
        code: The folder to run in; a subprocess gets the node's own copy of its snapshot there.
        environment: Variables to set in addition to those of this process.
        cancel: Set when the node should stop.
        print_line: Takes each line that the node prints.
    """

    node: Node
    inputs: Mapping[str, Value | Path]
    outputs: Mapping[str, Path]
    code: Path
    environment: Mapping[str, str]
    cancel: threading.Event
    print_line: Callable[[str], None]


class RunNode(Protocol):
    """A way of running a node."""

    def __call__(self, call: NodeCall) -> None:
        """Run the node and return when it has ended.

        Raises:
            NodeFailed: the node did not complete, or was canceled.
            MnistPipelineError: the node could not be run; the message says why.
        """
