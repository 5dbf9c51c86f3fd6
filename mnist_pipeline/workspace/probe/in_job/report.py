"""The results of a step of the probe, in a file that is complete after every check."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

REPORT = "report.json"


def arguments(*names: str) -> argparse.Namespace:
    """Read the required options: `--report FOLDER` and one for each of `names`."""
    parser = argparse.ArgumentParser()
    for name in ("report", *names):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


class Report:
    """The checks of one step.

    Attributes:
        checks: For each check, `holds` (True, False, or None if the check could not tell) and `finding`.
        facts: What a later step needs to know.
    """

    def __init__(self, folder: str) -> None:
        """Write `report.json` in `folder`, which is created if it is missing."""
        self.checks: dict[str, dict[str, object]] = {}
        self.facts: dict[str, str] = {}
        self._file = Path(folder, REPORT)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    def check(self, name: str, try_it: Callable[[], str], *, after: str | None = None) -> None:
        """Check one assumption. It holds unless `try_it` raises an exception. The step continues either way.

        Args:
            name: The assumption's name.
            try_it: Returns what it saw, in a few words.
            after: The name of an earlier check. If that one did not hold, this one is skipped.
        """
        if after is not None and self.checks[after]["holds"] is not True:
            self._put(name, None, f"not checked, because {after} did not hold")
            return
        try:
            self._put(name, True, try_it())
        except Exception as error:  # any error of Azure or MLflow is the finding
            self._put(name, False, f"{type(error).__name__}: {error}")

    def fact(self, name: str, value: str) -> None:
        """Record a fact for a later step."""
        self.facts[name] = value
        self._write()

    def _put(self, name: str, holds: bool | None, finding: str) -> None:
        self.checks[name] = {"holds": holds, "finding": finding}
        print(f"{name}: {holds}: {finding}", flush=True)
        self._write()

    def _write(self) -> None:
        self._file.write_text(json.dumps({"checks": self.checks, "facts": self.facts}, indent=2), encoding="utf-8")


def expect(found: object, expected: object, what: str) -> None:
    """Compare a value with the expected one; `what` names it in the error.

    Raises:
        AssertionError: the values differ.
    """
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")
