"""The results of a probe as JSON, for the maintainers of this package."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from mnist_pipeline.workspace.probe.facts import JobFacts
from mnist_pipeline.workspace.probe.verdicts import Result, Verdict

SCHEMA_VERSION = 1
_VERSIONS = ("azure-ai-ml", "azure-identity", "mldesigner")


def as_json(
    version: str, results: Sequence[Result], facts: Mapping[str, JobFacts], left: Sequence[str]
) -> dict[str, Any]:
    """Return all results. Azure's words in them may name the workspace.

    Args:
        version: The version of this package.
        results: The verdicts.
        facts: The results of the jobs.
        left: What the probe left in the workspace.
    """
    counts = Counter(result.verdict for result in results)
    return {
        "schema_version": SCHEMA_VERSION,
        "probed": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"mnist-pipeline-azureml": version, **{name: metadata.version(name) for name in _VERSIONS}},
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
        "results": [
            {
                "name": result.assumption.name,
                "verdict": result.verdict.value,
                "finding": result.finding,
                "believed": result.assumption.believed,
                "avoid": result.assumption.avoid if result.verdict is Verdict.FAILS else None,
            }
            for result in results
        ],
        "jobs": {name: asdict(job) for name, job in facts.items()},
        "left": list(left),
    }
