"""The progress of a run as lines of text: the changes of the nodes' states, and their epochs."""

import time

from mnist_pipeline.runner.events import Event, NodeChanged, NodePrinted


def progress_line(event: Event) -> str | None:
    """Return the line that tells of an event, with the time of day; None if a node printed anything but an epoch."""
    clock = time.strftime("%H:%M:%S")
    if isinstance(event, NodePrinted):
        return f"{clock}  {event.name}  {event.line}" if event.epoch else None
    seconds = f" in {event.node.duration:.1f} s" if event.node.duration else ""
    return f"{clock}  {event.node.name}  {event.node.status}{seconds}"


def print_progress(event: Event) -> None:
    """Print the line that tells of an event, if there is one."""
    if (line := progress_line(event)) is not None:
        print(line, flush=True)


def print_states(event: Event) -> None:
    """Print the changes of the nodes' states only, for nodes that print to the same terminal themselves."""
    if isinstance(event, NodeChanged):
        print_progress(event)
