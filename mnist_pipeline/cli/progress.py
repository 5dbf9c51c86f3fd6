"""A run as it happens: moving bars on a terminal, plain lines elsewhere."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from mnist_pipeline.runner import Event, NodeChanged, NodePrinted, NodeRun, Status

_EPOCH = re.compile(r"epoch (\d+)/(\d+)\s+(.*)")
_MARKS = {Status.COMPLETED: "[green]✓", Status.FAILED: "[red]✗", Status.CANCELED: "[yellow]-"}


@contextmanager
def follow(*, live: bool) -> Iterator[Callable[[Event], None]]:
    """Yield a function that shows the events of a run.

    Args:
        live: Draw moving bars if the output is a terminal. Not for steps that print to the terminal themselves.
    """
    console = Console()
    if not (live and console.is_terminal):
        yield _print_event
        return
    with Progress(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description:<22}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[message]}"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        yield _Bars(progress).show


class _Bars:
    """A bar for each node that was started."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, event: Event) -> None:
        """Draw an event."""
        if isinstance(event, NodeChanged):
            self._show_state(event.node)
        elif epoch := _EPOCH.match(event.line):
            done, total, figures = epoch.groups()
            self._progress.update(
                self._tasks[event.name],
                completed=int(done),
                total=int(total),
                message=f"epoch {done}/{total}  {figures}",
            )

    def _show_state(self, node: NodeRun) -> None:
        if node.status is Status.RUNNING:
            self._tasks[node.name] = self._progress.add_task(node.name, total=None, message="")
            return
        task = self._tasks[node.name]
        message = f"{_MARKS[node.status]} {node.status}"
        self._progress.update(task, completed=1, total=1, message=message)
        self._progress.stop_task(task)


def _print_event(event: Event) -> None:
    clock = time.strftime("%H:%M:%S")
    if isinstance(event, NodePrinted):
        if _EPOCH.match(event.line):
            click.echo(f"{clock}  {event.name}  {event.line}")
    else:
        seconds = f" in {event.node.duration:.1f} s" if event.node.duration else ""
        click.echo(f"{clock}  {event.node.name}  {event.node.status}{seconds}")
