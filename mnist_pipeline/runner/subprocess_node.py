"""A node as the cloud runs it: its own command line, in a copy of its snapshot, in its own process."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from mnist_pipeline.runner.command_line import render
from mnist_pipeline.runner.node_call import NodeCall, NodeFailed
from mnist_pipeline.runner.plan import Value

_WITHOUT_SDK = Path(__file__).with_name("without_sdk")
_POLL_SECONDS = 0.05


def run_in_subprocess(call: NodeCall, *, grace_seconds: float = 5.0) -> None:
    """Run the node's command in a shell, in a fresh copy of its snapshot.

    The commands of this interpreter's environment (`python`, `mldesigner`) come first on the path. azure.ai.ml is
    hidden from a node whose environment in the cloud does not have it: what would fail in the cloud fails here too,
    and mldesigner, which imports the SDK wherever it finds it, starts faster.

    When the command ends or the node is canceled, all processes that are left in the command's process group are
    stopped, with SIGTERM and then with SIGKILL.

    Args:
        call: The node.
        grace_seconds: How long a process has to end after each of the two signals.

    Raises:
        NodeFailed: the command ended with an exit code other than 0, or was canceled.
        PlanError: the command line cannot be rendered.
    """
    copy_snapshot(call)
    inputs = {name: value.text if isinstance(value, Value) else value for name, value in call.inputs.items()}
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        **call.environment,
    }
    if not call.node.imports_sdk:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_WITHOUT_SDK), environment.get("PYTHONPATH")]))
    process = subprocess.Popen(
        render(call.node.command, inputs, call.outputs),
        shell=True,
        executable=shutil.which("bash"),
        cwd=call.code,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    reader = threading.Thread(target=_forward, args=(process, call), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            if call.cancel.wait(_POLL_SECONDS):
                raise NodeFailed("canceled")
    finally:
        _stop(process, reader, grace_seconds)
    if process.returncode:
        raise NodeFailed(f"exit code {process.returncode}")


def copy_snapshot(call: NodeCall) -> None:
    """Copy the node's snapshot to the folder that the node runs in."""
    call.code.mkdir(parents=True)
    if call.node.snapshot is not None:
        for relative, source in call.node.snapshot.files.items():
            target = call.code / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _forward(process: subprocess.Popen[str], call: NodeCall) -> None:
    assert process.stdout is not None  # it is a pipe
    with process.stdout, contextlib.suppress(ValueError):  # the log is closed: a process that left the group prints
        for line in process.stdout:
            call.print_line(line.rstrip("\n"))


def _stop(process: subprocess.Popen[str], reader: threading.Thread, grace_seconds: float) -> None:
    """Stop the process and its descendants, which share its process group, and read what they printed."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # no process is left; on macOS, only zombies
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
        reader.join(grace_seconds)  # the reader ends when the last process closes the pipe
