"""The results of the probe's jobs, as plain data. The verdicts are based on nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

COMPLETED = "Completed"


@dataclass(frozen=True)
class Observation:
    """What a check found out about one assumption.

    Attributes:
        holds: Whether the assumption holds; None if the check could not tell.
        finding: What was seen, in a few words.
    """

    holds: bool | None
    finding: str


@dataclass(frozen=True)
class NodeFacts:
    """The result of a node.

    Attributes:
        status: Azure's word for its state; empty if Azure shows no child of this name.
        error: Azure's message if the node failed.
        reused: Whether Azure reused the outputs of an earlier run.
        checks: The results in the node's report; None if there is no report.
        no_report: Why there is no report.
    """

    status: str = ""
    error: str = ""
    reused: bool = False
    checks: Mapping[str, Observation] | None = None
    no_report: str = ""


@dataclass(frozen=True)
class JobFacts:
    """The result of a job.

    Attributes:
        name: The job's name in the workspace; empty if it was not sent.
        accepted: Whether Azure accepted the job; None if that is unknown.
        words: Why it was not accepted, or why that is unknown.
        status: Azure's last word for its state.
        nodes: The nodes by their names in the pipeline, including those that Azure shows no child for.
        shown: The names of the children that Azure shows.
        any_reused: Whether Azure reused any child, whatever its name.
    """

    name: str = ""
    accepted: bool | None = None
    words: str = ""
    status: str = ""
    nodes: Mapping[str, NodeFacts] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    any_reused: bool = False

    def completed(self, node: str) -> bool:
        """Tell whether a node completed, even if Azure shows it under another name."""
        return self.status == COMPLETED or self.nodes[node].status == COMPLETED

    def began(self, node: str) -> bool:
        """Tell whether the node's own program was started."""
        return self.completed(node) or self.nodes[node].checks is not None
