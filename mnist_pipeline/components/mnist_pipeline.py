"""Stands in for the package inside a job, where only this snapshot is there and nothing is installed.

Azure ML starts a step with this folder alone on `sys.path`. So a job finds this file as `mnist_pipeline`, and
`__path__` makes it the package in the folder above. Outside a job nothing imports it.
"""

import sys
from pathlib import Path
from types import TracebackType

__path__ = [str(Path(__file__).resolve().parents[1])]

from mnist_pipeline.errors import exit_with_one_sentence  # it needs __path__


def _report(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Report mldesigner's refusal of an input's type in one sentence too; it comes before any code of ours."""
    if kind.__module__.startswith("mldesigner."):
        print(f"{kind.__name__}: {error}", file=sys.stderr)
    else:
        exit_with_one_sentence(kind, error, traceback)


sys.excepthook = _report
