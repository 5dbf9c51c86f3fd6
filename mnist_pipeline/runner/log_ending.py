"""What the log of a failed node ends with: the node's own words, without those of the programs that started it."""

import re
from collections.abc import Iterable, Iterator

_LAST_LINES = 5
_LONGEST_TRACEBACK = 20  # lines
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "(?P<file>[^"]*)", line \d+')
# mldesigner and Python's own modules start a function or script; in-process mode does so itself.
_STARTER = re.compile(
    r"(/|^)mldesigner(/|$)|/importlib/|/runpy\.py$|^<frozen |/mnist_pipeline/runner/in_process_node\.py$"
)
_STARTER_LINE = re.compile(r"\[[\d :,-]+\]\[execute\]\[\w+\] - ")  # of mldesigner


def log_ending(log: str) -> list[str]:
    """Return the traceback that the log ends with, or else its last lines.

    The frames and the lines of mldesigner, importlib, runpy and the runner are left out, and so is the heading of a
    traceback that has no other frames.
    """
    lines = list(_own_lines(log.rstrip().splitlines()))
    start = max((number for number, line in enumerate(lines) if line == _TRACEBACK), default=0)
    is_near = lines[start : start + 1] == [_TRACEBACK] and len(lines) - start <= _LONGEST_TRACEBACK
    return lines[start:] if is_near else lines[-_LAST_LINES:]


def _own_lines(lines: Iterable[str]) -> Iterator[str]:
    in_traceback = in_starter = heading_due = False
    for line in lines:
        if line == _TRACEBACK:
            in_traceback, in_starter, heading_due = True, False, True
            continue
        if frame := _FRAME.match(line):
            in_starter = in_traceback and _STARTER.search(frame["file"]) is not None
        elif not line.startswith(" "):  # the exception, after the last frame
            in_traceback = in_starter = False
        if in_starter or _STARTER_LINE.match(line):
            continue
        if in_traceback and heading_due:
            yield _TRACEBACK
            heading_due = False
        yield line
