"""The assumptions that this package makes about Azure ML without proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("assumptions.yaml")


@dataclass(frozen=True)
class Assumption:
    """An assumption about Azure ML.

    Attributes:
        name: A short name. The check of this assumption has the same name.
        believed: The assumption, as a sentence.
        relied_on_by: The modules of this package that rely on it.
        evidence: The evidence so far, and what it does not show.
        avoid: The feature to avoid if the assumption does not hold, or what breaks.
        shown_by: The probe's job that checks it, with the node if only one node does, such as
            `tracking.tracking_node`. Empty if the probe does not check it.
        not_tried: Why the probe does not check it; empty if it does.
        untested: Why this package's tests cannot run the check; empty if they do.
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
        """The probe's job that checks the assumption; empty if none does."""
        return self.shown_by.partition(".")[0]

    @property
    def node(self) -> str:
        """The node of that job whose report holds the result; empty if the job itself shows it."""
        return self.shown_by.partition(".")[2]


def read_assumptions() -> Mapping[str, Assumption]:
    """Return the assumptions by name, in the order of `assumptions.yaml`."""
    import yaml

    entries = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        name: Assumption(name, **{**entry, "relied_on_by": tuple(entry["relied_on_by"])})
        for name, entry in entries.items()
    }
