"""The documents of this repository, and the commands and programs in them."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

_INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q"
# Commands that are documented, but not run as they stand: each with the reason.
NOT_RUN = {
    f"{_INSTALL} . && .venv/bin/mnist-pipeline run": "installs everything; test_readme.py runs the last part",
    f"{_INSTALL} -e '.[test]' && .venv/bin/pytest -n 2": "runs these tests; .ci/run types it",
    f"{_INSTALL} -e '.[dev]' && . .venv/bin/activate && make check": "runs these tests, too",
    "mnist-pipeline azure probe --compute cpu-cluster": "asks, and takes minutes; tests/workspace/probe runs it",
    "mnist-pipeline azure probe --compute NAME": "the same",
}

CONTINUES = re.compile(r"[Aa]fter the (?:commands|program) above, in the same folder")


def blocks(document: Path, language: str) -> list[str]:
    """Return the content of each fenced block in that language; blocks of plain text have the language ""."""
    found = re.findall(r"^```(.*)\n((?:.*\n)*?)```$", document.read_text(), re.MULTILINE)
    return [content for named, content in found if named == language]


def commands(document: Path) -> list[str]:
    """Return each documented command, in order, without those of NOT_RUN."""
    lines = "".join(blocks(document, "console")).splitlines()
    return [line for line in lines if line not in NOT_RUN]


def stories(document: Path) -> list[list[str]]:
    """Return what a reader runs in one fresh folder after the other, in order: each a list of commands.

    A block of commands or a Python program stands alone, unless the paragraph above it says that it comes after the
    block before it, in the same folder. A program is a command that writes it to a file and runs it.
    """
    found: list[list[str]] = []
    for before, language, content in re.findall(
        r"((?:^.*\n)*?)^```(console|python)\n((?:.*\n)*?)```$", document.read_text(), re.MULTILINE
    ):
        lines = (
            content.splitlines()
            if language == "console"
            else [f"cat > program.py <<'END'\n{content}END\npython program.py"]
        )
        lines = [line for line in lines if line not in NOT_RUN]
        paragraph = " ".join(before.rstrip().rpartition("\n\n")[2].split())
        if found and CONTINUES.search(paragraph):
            found[-1] += lines
        elif lines:
            found.append(lines)
    return found


def run_command(line: str, folder: Path, variables: dict[str, str] | None = None) -> str:
    """Type the line in a shell in `folder`, with this environment activated; return what it prints.

    MLflow's variables of the person who runs the tests are taken away.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    done = subprocess.run(
        line, shell=True, cwd=folder, env={**environment, **(variables or {})}, capture_output=True, text=True
    )

    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout
