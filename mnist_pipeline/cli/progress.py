"""The progress of a run: moving bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from mnist_pipeline.mnist.training.epoch_line import read_epoch_line
from mnist_pipeline.runner import Event, NodeChanged, NodePrinted, NodeRun, Status

_MARKS = {Status.COMPLETED: "[green]✓", Status.FAILED: "[red]✗", Status.CANCELED: "[yellow]-"}


@contextmanager
def follow(*, live: bool) -> Iterator[Callable[[Event], None]]:
    """Yield a function that shows the events of a run.

    Args:
        live: Draw moving bars if the output is a terminal. False if the steps print to the terminal themselves.
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
    """One bar for each node that has started."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, event: Event) -> None:
        """Draw an event."""
        if isinstance(event, NodeChanged):
            self._show_state(event.node)
        elif epoch := read_epoch_line(event.line):
            done, total = epoch
            task = self._tasks[event.name]
            self._progress.update(task, completed=done, total=total, message=escape(event.line))

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
        if read_epoch_line(event.line):
            click.echo(f"{clock}  {event.name}  {event.line}")
    else:
        seconds = f" in {event.node.duration:.1f} s" if event.node.duration else ""
        click.echo(f"{clock}  {event.node.name}  {event.node.status}{seconds}")
