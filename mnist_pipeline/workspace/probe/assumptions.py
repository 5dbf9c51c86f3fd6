"""The ledger: what this package believes about Azure ML without proof, one entry for each belief."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LEDGER = Path(__file__).with_name("assumptions.yaml")


@dataclass(frozen=True)
class Assumption:
    """A belief about Azure ML.

    Attributes:
        name: Its short name, also that of the check that tries it.
        believed: What is believed, as a sentence.
        relied_on_by: The modules of this package that rely on it.
        evidence: What speaks for it so far, and what does not.
        avoid: What breaks if it is false, and which feature to avoid then.
        shown_by: The job of the probe that shows it, and the node where only one does: `tracking.tracking_node`.
            Empty if no job can show it.
        not_tried: Why no job shows it; empty if one does.
        untested: Why this package's tests cannot carry out the check here; empty if they do.
    """

    name: str
    believed: str
    relied_on_by: tuple[str, ...]
    evidence: str
    avoid: str
    shown_by: str = ""
    not_tried: str = ""
    untested: str = ""

    @property
    def job(self) -> str:
        """The job that shows it; empty if none does."""
        return self.shown_by.partition(".")[0]

    @property
    def node(self) -> str:
        """The node of that job whose report tells; empty if the job itself does."""
        return self.shown_by.partition(".")[2]


def read_ledger() -> Mapping[str, Assumption]:
    """Return the entries by their names, in the order of the ledger."""
    import yaml

    entries = yaml.safe_load(LEDGER.read_text(encoding="utf-8"))
    return {
        name: Assumption(name, **{**entry, "relied_on_by": tuple(entry["relied_on_by"])})
        for name, entry in entries.items()
    }
