"""Stands in for the package inside a job, where the package is not installed and only the snapshot's files exist.

Azure ML starts a step with only this folder on `sys.path`. So a job finds this file as `mnist_pipeline`, and `__path__`
makes it the package in the folder above. Nothing imports this file outside a job.
"""

import sys
from pathlib import Path
from types import TracebackType

__path__ = [str(Path(__file__).resolve().parents[1])]

from mnist_pipeline.errors import exit_with_one_sentence  # it needs __path__


def _report(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Report in one sentence too when mldesigner refuses the type of an input, which happens before our code runs."""
    if kind.__module__.startswith("mldesigner."):
        print(f"{kind.__name__}: {error}", file=sys.stderr)
    else:
        exit_with_one_sentence(kind, error, traceback)


sys.excepthook = _report
