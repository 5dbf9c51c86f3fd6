"""The ledger as a page of the documentation, docs/azure-assumptions.md; run as a program, this prints it."""

from collections.abc import Mapping

from mnist_pipeline.workspace.probe.assumptions import Assumption, read_ledger
from mnist_pipeline.workspace.probe.jobs import ASKED

_HEAD = """# What this package believes about Azure ML

Made from `mnist_pipeline/workspace/probe/assumptions.yaml` with `python -m mnist_pipeline.workspace.probe.document`.

No job of this package has been run by Azure itself yet. Each entry is a belief that rests on something less. To try
them in your workspace, with a handful of small jobs:

```console
mnist-pipeline azure probe --compute NAME
```

It says beforehand how many jobs and about how many minutes, asks, cleans up, and prints for each belief whether it
holds. The names below are those that it prints.
"""


def document(ledger: Mapping[str, Assumption]) -> str:
    """Return the page, in Markdown."""
    tried = [entry for entry in ledger.values() if entry.shown_by]
    rest = [entry for entry in ledger.values() if not entry.shown_by]
    untested = [entry for entry in ledger.values() if entry.untested]
    parts = [_HEAD, f"## Tried by the probe ({len(tried)})\n", *map(_section, tried)]
    parts += [f"## Not tried by the probe ({len(rest)})\n", *map(_section, rest)]
    parts += [
        f"## Untested ({len(untested)})\n",
        "This package's tests carry out all other checks, from what the probe uploads to a stand-in for Azure: each "
        "with the capability there, and with it taken away. These are not:\n",
        "\n".join(f"- `{entry.name}`: {entry.untested}" for entry in untested) + "\n",
    ]
    return "\n".join(parts)


def _section(entry: Assumption) -> str:
    rows = {
        "Relied on by": ", ".join(f"`{module}`" for module in entry.relied_on_by),
        "Evidence": entry.evidence,
        "If it does not hold, avoid": entry.avoid,
        "Shown by": "asking, without a job of its own"
        if entry.job == ASKED
        else entry.shown_by and f"the probe's job `{entry.job}`" + (f", node `{entry.node}`" if entry.node else ""),
        "Not tried": entry.not_tried,
    }
    lines = [f"### `{entry.name}`\n", f"{entry.believed}\n"]
    lines += [f"- {name}: {text}" for name, text in rows.items() if text]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(read_ledger()), end="")
