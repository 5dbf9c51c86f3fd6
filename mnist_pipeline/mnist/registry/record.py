"""What is written down about a decision: a table for the log, facts for the version's tags, `registration.json`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mnist_pipeline.files import written_whole
from mnist_pipeline.mnist.registry.client import ACCURACY, Version
from mnist_pipeline.mnist.registry.promotion import Decision, Evidence, Policy

REGISTRATION = "registration.json"
SCHEMA_VERSION = 1  # of registration.json


@dataclass(frozen=True)
class Outcome:
    """What the register step decided and did.

    Attributes:
        decision: The results of all checks.
        opponent: The champion that the model was compared with; None if there was no comparison.
        version: Number of the model's version; None if the model was refused.
        is_champion: Whether that version is the champion now.
    """

    decision: Decision
    opponent: Version | None
    version: int | None
    is_champion: bool


def write_registration(
    folder: Path, outcome: Outcome, model_name: str, policy: Policy, evidence: Evidence, model_digest: str
) -> None:
    """Write `registration.json`, which says what was decided and why.

    Args:
        folder: Folder for the file, created if missing.
        outcome: What the step decided and did.
        model_name: Name in the registry.
        policy: What was required.
        evidence: What the decision rests on.
        model_digest: SHA-256 of the model.

    Raises:
        OutputError: the folder cannot be written to.
    """
    version, comparison = outcome.version, outcome.decision.comparison
    champion = None
    if comparison is not None and outcome.opponent is not None:
        champion = {"version": str(outcome.opponent.number), **asdict(comparison)}
    content = {
        "schema_version": SCHEMA_VERSION,
        "decision": "refused" if version is None else "registered",
        "checks": [asdict(check) for check in outcome.decision.checks],
        "policy": asdict(policy),
        "champion": champion,
        "model_name": model_name,
        "model_version": None if version is None else str(version),
        "model_uri": None if version is None else f"models:/{model_name}/{version}",
        "is_champion": outcome.is_champion,
        "digests": {**evidence.digests, "model": model_digest},
    }
    with written_whole(folder / REGISTRATION) as (path,):
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def facts_of(evidence: Evidence, decision: Decision) -> dict[str, str]:
    """Return the tags of a version that say what its model was accepted on."""
    facts = {ACCURACY: repr(evidence.accuracy)}
    facts |= {f"sha256.{what}": digest for what, digest in evidence.digests.items()}
    if evidence.loss is not None:
        facts["loss"] = repr(evidence.loss)
    if evidence.correct is not None:
        facts["images"] = str(len(evidence.correct))
    for check in decision.checks:
        outcome = "passed" if check.passed else "refused"
        facts[f"check.{check.name}"] = f"{outcome}: required {check.required!r}, observed {check.observed!r}"
    return facts


def table_of(decision: Decision) -> str:
    """Return the decision as a table, one line per check, with the comparison below it."""
    width = max(len(check.name) for check in decision.checks)
    lines = [f"{'check':<{width}}  {'required':>10}  {'observed':>10}  outcome"]
    for check in decision.checks:
        outcome = "passed" if check.passed else "refused"
        lines.append(f"{check.name:<{width}}  {_shown(check.required):>10}  {_shown(check.observed):>10}  {outcome}")
    if (comparison := decision.comparison) is not None:
        lines.append(
            f"champion: accuracy {comparison.champion_accuracy:.4f}; images that only this model classifies correctly: "
            f"{comparison.only_challenger}, only the champion: {comparison.only_champion}; exact McNemar p = "
            f"{comparison.p_value:.3g}"
        )
    return "\n".join(lines)


def sentence_of(decision: Decision) -> str:
    """Return the decision as a part of a sentence, for the history of champions."""
    return ", ".join(
        f"{check.name} {_shown(check.observed)} (required {_shown(check.required)})" for check in decision.checks
    )


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}" if value == 0 or value >= 1e-3 else f"{value:.2e}"
