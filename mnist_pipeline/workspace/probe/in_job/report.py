"""What a step of the probe found out, as a file that is complete after every check."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

REPORT = "report.json"


def arguments(*names: str) -> argparse.Namespace:
    """Read `--report FOLDER` and further options, all of them required."""
    parser = argparse.ArgumentParser()
    for name in ("report", *names):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


class Report:
    """The checks of one step.

    Attributes:
        checks: For each check whether the belief holds, None if it could not be told, and what was found.
        facts: What a later step needs to know of this one.
    """

    def __init__(self, folder: str) -> None:
        """Write to `report.json` in `folder`, which is made if it is missing."""
        self.checks: dict[str, dict[str, object]] = {}
        self.facts: dict[str, str] = {}
        self._file = Path(folder, REPORT)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    def check(self, name: str, try_it: Callable[[], str], *, after: str | None = None) -> None:
        """Try one belief; it holds unless `try_it` raises. The step goes on either way.

        Args:
            name: The belief's name in the ledger.
            try_it: Returns what was found, in a few words.
            after: A check of this step without which this one would tell nothing.
        """
        if after is not None and self.checks[after]["holds"] is not True:
            self._put(name, None, f"not tried, because {after} did not hold")
            return
        try:
            self._put(name, True, try_it())
        except Exception as error:  # whatever Azure or MLflow raise is the finding
            self._put(name, False, f"{type(error).__name__}: {error}")

    def fact(self, name: str, value: str) -> None:
        """Tell a later step something."""
        self.facts[name] = value
        self._write()

    def _put(self, name: str, holds: bool | None, finding: str) -> None:
        self.checks[name] = {"holds": holds, "finding": finding}
        print(f"{name}: {holds}: {finding}", flush=True)
        self._write()

    def _write(self) -> None:
        self._file.write_text(json.dumps({"checks": self.checks, "facts": self.facts}, indent=2), encoding="utf-8")


def expect(found: object, expected: object, what: str) -> None:
    """Check that something is as it should be.

    Raises:
        AssertionError: it is not.
    """
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")
