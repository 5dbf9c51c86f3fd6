"""The progress of a run: moving bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import click
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import Progress, Task, TaskID
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mnist_pipeline.runner import Event, NodeChanged, NodePrinted, NodeRun, Status
from mnist_pipeline.runner.progress_lines import progress_line

# Each color has a contrast of at least 3 to black and to white.
_BLUE, _GRAY, _GREEN, _RED, _OCHRE = "#005fff", "#808080", "#008700", "#d70000", "#af8700"
_MARKS = {Status.COMPLETED: ("✓", _GREEN), Status.FAILED: ("✗", _RED), Status.CANCELED: ("-", _OCHRE)}
_SPINNER = Spinner("dots", style=_BLUE)
_SHORTEST_BAR, _LONGEST_BAR = 4, 24


class Display(Protocol):
    """Shows how far a run is."""

    def say(self, what: str) -> None:
        """Show what happens until the first node runs."""

    def show(self, event: Event) -> None:
        """Show an event of the run."""


@contextmanager
def follow(*, nodes_print: bool, stderr: bool = False) -> Iterator[Display]:
    """Yield a display of a run.

    Args:
        nodes_print: The nodes print to the terminal themselves: draw no bars, and do not repeat the nodes' lines.
        stderr: Write to standard error instead of standard output.
    """
    console = Console(stderr=stderr)
    if nodes_print or not console.is_interactive:
        yield _Lines(stderr=stderr, nodes_print=nodes_print)
        return
    with _Rows(console=console) as rows:
        bars = _Bars(rows)
        try:
            yield bars
        finally:
            bars.end_start()


class _Lines:
    """Prints a line for each event."""

    def __init__(self, *, stderr: bool, nodes_print: bool) -> None:
        self._stderr = stderr
        self._nodes_print = nodes_print

    def say(self, what: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {what}", err=self._stderr)

    def show(self, event: Event) -> None:
        if self._nodes_print and isinstance(event, NodePrinted):
            return
        if (line := progress_line(event)) is not None:
            click.echo(line, err=self._stderr)


class _Bars:
    """Draws one bar for each node that has started."""

    def __init__(self, rows: "_Rows") -> None:
        self._rows = rows
        self._nodes: dict[str, TaskID] = {}
        self._start: TaskID | None = None

    def say(self, what: str) -> None:
        self.end_start()
        self._start = self._rows.add_task("start", total=None, parts=[what])
        self._rows.refresh()  # at once: an import that follows may hold back the thread that draws

    def show(self, event: Event) -> None:
        self.end_start()
        if isinstance(event, NodeChanged):
            self._show_state(event.node)
        elif event.epoch:
            done, total = event.epoch
            self._rows.update(self._nodes[event.name], completed=done, total=total, parts=event.line.split("  "))

    def end_start(self) -> None:
        """Remove the bar that `say` drew."""
        if self._start is not None:
            self._rows.remove_task(self._start)
            self._start = None

    def _show_state(self, node: NodeRun) -> None:
        if node.status is Status.RUNNING:
            self._nodes[node.name] = self._rows.add_task(node.name, total=None, parts=[str(node.status)])
            return
        task = self._nodes[node.name]
        if node.status is Status.COMPLETED:
            self._rows.update(task, completed=1, total=1)
        self._rows.update(task, parts=[str(node.status)], mark=_MARKS[node.status])
        self._rows.stop_task(task)


class _Rows(Progress):
    """One row for each task.

    A task has the field `parts`: the message, of which as many parts are shown, from its start, as fit on the screen;
    and, once it has ended, `mark`: a character and its color.
    """

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what is drawn."""
        yield _Screen(self.tasks)


@dataclass(frozen=True)
class _Screen:
    """Spinner, name, bar, message and clock of each task; the bar and the message give way to the rest."""

    tasks: list[Task]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = max((cell_len(task.description) for task in self.tasks), default=0)
        clocks = max((len(_clock(task)) for task in self.tasks), default=0)
        room = options.max_width - sum((1, names, _SHORTEST_BAR, clocks)) - 4  # spaces between the columns
        table = Table.grid(padding=(0, 1))
        table.add_column()
        table.add_column(no_wrap=True)
        table.add_column(max_width=_LONGEST_BAR)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        for task in self.tasks:
            spinner = _SPINNER.render(task.get_time()) if task.stop_time is None else " "
            table.add_row(spinner, Text(task.description), _bar(task), _message(task, room), _clock(task))
        yield table


def _bar(task: Task) -> ProgressBar:
    """Return a bar as wide as there is room. It moves to and fro while a node runs that has not told an epoch yet."""
    return ProgressBar(
        total=task.total if task.stop_time is None else task.total or 1,
        completed=task.completed,
        style=_GRAY,
        complete_style=_BLUE,
        finished_style=_GREEN,
        pulse_style=_BLUE,
        animation_time=task.get_time(),
    )


def _message(task: Task, room: int) -> Text:
    parts = list(task.fields["parts"])
    while len(parts) > 1 and len("  ".join(parts)) > room:
        parts.pop()
    mark, color = task.fields.get("mark", ("", ""))
    return Text.assemble((f"{mark} " if mark else "", color), "  ".join(parts))


def _clock(task: Task) -> str:
    """Return how long the task has run, such as 4:09, or 1:04:09 after an hour."""
    seconds = int(task.elapsed or 0)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
