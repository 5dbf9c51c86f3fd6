"""A node in this process, for a debugger: the component's own function, or its script."""

import contextlib
import io
import os
import runpy
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, TextIO

from mnist_pipeline.errors import MnistPipelineError, PlanError
from mnist_pipeline.runner.command_line import render
from mnist_pipeline.runner.node_call import NodeCall, NodeFailed
from mnist_pipeline.runner.plan import Value


def run_in_process(call: NodeCall) -> None:
    """Call the node's function with its inputs and outputs, or run its script, from the original files.

    Breakpoints work, because no snapshot is copied. What the node prints goes to the log and to the terminal.

    Raises:
        NodeFailed: the function raised, or the script ended with an exit code other than 0.
        PlanError: the node is neither a `@command_component` function nor a Python script.
    """
    run = _callable_of(call)
    try:
        with _environment(call.environment), _printing_to(call.print_line):
            run()
    except MnistPipelineError as error:
        call.print_line(f"{type(error).__name__}: {error}")
        raise NodeFailed(f"{type(error).__name__}: {error}") from error
    except SystemExit as end:
        if isinstance(end.code, str):  # sys.exit("a sentence") prints the sentence and exits with 1
            call.print_line(end.code)
        if end.code not in (None, 0):
            raise NodeFailed(f"exit code {1 if isinstance(end.code, str) else end.code}") from end
    except Exception as error:
        for line in traceback.format_exc().splitlines():
            call.print_line(line)
        raise NodeFailed(f"{type(error).__name__}: {error}") from error


class CallingThread(Executor):
    """Runs what is submitted at once, in the calling thread, where breakpoints and Ctrl-C work."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn` and return a future that is done; an exception goes to the caller, not into the future."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _callable_of(call: NodeCall) -> Callable[[], object]:
    function = call.node.function
    if function is not None:
        inputs = {name: value.value if isinstance(value, Value) else str(value) for name, value in call.inputs.items()}
        outputs = {name: str(path) for name, path in call.outputs.items()}
        return lambda: function(**inputs, **outputs)
    texts = {name: value.text if isinstance(value, Value) else value for name, value in call.inputs.items()}
    words = shlex.split(render(call.node.command, texts, call.outputs))
    if words[:1] != ["python"] or not words[1:] or not words[1].endswith(".py") or call.node.snapshot is None:
        raise PlanError(
            f"node {call.node.name} runs '{' '.join(words[:2])} ...'; in-process mode calls @command_component "
            "functions and 'python script.py ...' only, so run it as a subprocess."
        )
    script = call.node.snapshot.folder / words[1]

    def run_script() -> None:
        with _arguments([str(script), *words[2:]]):
            runpy.run_path(str(script), run_name="__main__")

    return run_script


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables and MLflow's state for the body; then restore them and the working directory."""
    from mnist_pipeline.runner.mlflow_state import fresh_mlflow

    before, folder = dict(os.environ), Path.cwd()
    try:
        with fresh_mlflow(variables.get("MLFLOW_TRACKING_URI")):
            os.environ.update(variables)
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.chdir(folder)


@contextlib.contextmanager
def _printing_to(print_line: Callable[[str], None]) -> Iterator[None]:
    """Pass each printed line to `print_line` too."""
    stdout, stderr = sys.stdout, sys.stderr

    def print_outside(line: str) -> None:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            print_line(line)  # a listener may print too; that is not the node's output

    tees = _Tee(stdout, print_outside), _Tee(stderr, print_outside)
    with contextlib.redirect_stdout(tees[0]), contextlib.redirect_stderr(tees[1]):
        try:
            yield
        finally:
            for tee in tees:
                tee.end_line()


@contextlib.contextmanager
def _arguments(argv: list[str]) -> Iterator[None]:
    """Set `sys.argv` and the import path as `python script.py ...` does."""
    before = sys.argv, list(sys.path)
    sys.argv = argv
    sys.path.insert(0, str(Path(argv[0]).parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before


class _Tee(io.TextIOBase):
    """Passes text on to a stream and its lines to a function."""

    def __init__(self, stream: TextIO, print_line: Callable[[str], None]) -> None:
        self._stream = stream
        self._print_line = print_line
        self._rest = ""

    def write(self, text: str) -> int:
        self._stream.write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._print_line(line)
        return len(text)

    def end_line(self) -> None:
        """Pass on a last line that has no line end."""
        if self._rest:
            self._print_line(self._rest)
            self._rest = ""

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()
