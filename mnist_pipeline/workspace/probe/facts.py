"""What became of the probe's jobs, as plain data: all that the verdicts rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

COMPLETED = "Completed"


@dataclass(frozen=True)
class Check:
    """What a step found out about one belief.

    Attributes:
        holds: None if the step could not tell.
    """

    holds: bool | None
    finding: str


@dataclass(frozen=True)
class NodeFacts:
    """What became of a node.

    Attributes:
        status: As Azure says; empty if Azure shows no child of this name.
        error: Why it failed, in Azure's words.
        reused: Whether Azure took the outputs of an earlier run of it.
        checks: What its report says; None if there is none.
        no_report: Why there is none.
    """

    status: str = ""
    error: str = ""
    reused: bool = False
    checks: Mapping[str, Check] | None = None
    no_report: str = ""


@dataclass(frozen=True)
class JobFacts:
    """What became of a job.

    Attributes:
        name: As the workspace knows it; empty if it was not sent.
        accepted: None if that is not known.
        words: Why it was not accepted, or why that is not known.
        status: As Azure says when it was looked at last.
        nodes: By their names in the pipeline, those that Azure shows no child for too.
        shown: The names of the children that Azure shows.
        any_reused: Whether a child was reused, whatever its name.
    """

    name: str = ""
    accepted: bool | None = None
    words: str = ""
    status: str = ""
    nodes: Mapping[str, NodeFacts] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    any_reused: bool = False

    def completed(self, node: str) -> bool:
        """Tell whether a node completed, also where Azure shows it under another name."""
        return self.status == COMPLETED or self.nodes[node].status == COMPLETED

    def began(self, node: str) -> bool:
        """Tell whether a node's own program ran."""
        return self.completed(node) or self.nodes[node].checks is not None
