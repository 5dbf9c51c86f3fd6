"""The assumptions as a page, docs/azure-assumptions.md. Run as a program, this module prints the page."""

from collections.abc import Mapping

from mnist_pipeline.workspace.probe.assumptions import Assumption, read_assumptions
from mnist_pipeline.workspace.probe.jobs import ASKED

_HEAD = """# What this package assumes about Azure ML

`python -m mnist_pipeline.workspace.probe.document` writes this page from
`mnist_pipeline/workspace/probe/assumptions.yaml`.

Azure itself has not run a job of this package yet. This page lists what the package assumes until then, and the
evidence for it. To check the assumptions in your own workspace, with a few small jobs:

```console
mnist-pipeline azure probe --compute NAME
```

The command first says how many jobs it will send and how long they take, and asks whether to go on. It then runs them,
prints whether each assumption holds, under the names below, and cleans up.
"""


def document(assumptions: Mapping[str, Assumption]) -> str:
    """Return the page, in Markdown."""
    checked = [entry for entry in assumptions.values() if entry.shown_by]
    rest = [entry for entry in assumptions.values() if not entry.shown_by]
    untested = [entry for entry in assumptions.values() if entry.untested]
    parts = [_HEAD, f"## Checked by the probe ({len(checked)})\n", *map(_section, checked)]
    parts += [f"## Not checked by the probe ({len(rest)})\n", *map(_section, rest)]
    parts += [
        f"## Checks that the tests cannot run ({len(untested)})\n",
        "This package's tests run all other checks against a stand-in for Azure, with the uploaded files: once where "
        "the assumption holds, and once where it does not. The exceptions are:\n",
        "\n".join(f"- `{entry.name}`: {entry.untested}" for entry in untested) + "\n",
    ]
    return "\n".join(parts)


def _section(entry: Assumption) -> str:
    rows = {
        "Relied on by": ", ".join(f"`{module}`" for module in entry.relied_on_by),
        "Evidence": entry.evidence,
        "If it does not hold, avoid": entry.avoid,
        "Checked by": "a request, without a job of its own"
        if entry.job == ASKED
        else entry.shown_by and f"the probe's job `{entry.job}`" + (f", node `{entry.node}`" if entry.node else ""),
        "Not checked because": entry.not_tried,
    }
    lines = [f"### `{entry.name}`\n", f"{entry.believed}\n"]
    lines += [f"- {name}: {text}" for name, text in rows.items() if text]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(read_assumptions()), end="")
