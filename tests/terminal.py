"""A program on a terminal: what stands on the screen, read by a terminal emulator from a real pseudo-terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pyte

PATIENCE = 300  # seconds


class Terminal:
    """The screen of a program that runs on a pseudo-terminal."""

    def __init__(self, screen: pyte.Screen, pty_end: int, process: subprocess.Popen) -> None:
        self.process = process
        self._screen = screen
        self._stream = pyte.ByteStream(screen)
        self._pty = pty_end

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line, without blanks at the ends."""
        lines = [line.rstrip() for line in self._screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def colors(self, line: int) -> set[str]:
        """The colors of the characters of a line that are not blank, as six hexadecimal digits or by name."""
        return {cell.fg for cell in self._screen.buffer[line].values() if cell.data.strip()}

    def resize(self, columns: int) -> None:
        """Change the width of the terminal; the program learns of it as from a person's window."""
        self._screen.resize(columns=columns)
        set_width(self._pty, columns)

    def press_enter(self) -> None:
        """Send a line end to the program."""
        os.write(self._pty, b"\n")

    def wait_for(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """Return the first screen, drawn whole, that fulfills a condition."""
        deadline = time.monotonic() + PATIENCE
        more = True
        while more and time.monotonic() < deadline:
            more = self._read()
            if condition(self.lines):  # also on the last screen of a program that has ended
                return self.lines
        raise AssertionError("the screen ends as\n" + "\n".join(self.lines))

    def wait_for_end(self) -> int:
        """Read what the program prints until it ends; return its exit code."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        """Draw what the program has printed until it pauses; return whether more may come."""
        patience = PATIENCE
        while select.select([self._pty], [], [], patience)[0]:
            try:
                self._stream.feed(os.read(self._pty, 65536))
            except OSError:  # the program has closed its end
                return False
            patience = 0.02
        return patience != PATIENCE


def set_width(pty_end: int, columns: int) -> None:
    fcntl.ioctl(pty_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))


@contextmanager
def terminal(arguments: list[str], columns: int, cwd: Path, **variables: str):
    """Run Python with some arguments on a terminal of 40 lines; yield the terminal, and end the program at last.

    Args:
        arguments: Of the Python interpreter.
        columns: Width of the terminal.
        cwd: The folder that the program runs in.
        **variables: Environment variables of the program.
    """
    ours, programs = pty.openpty()
    set_width(programs, columns)
    modes = termios.tcgetattr(programs)
    modes[3] &= ~termios.ECHO  # what the tests send is no output
    termios.tcsetattr(programs, termios.TCSANOW, modes)
    outside = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    environment = {
        name: value for name, value in os.environ.items() if name not in outside and not name.startswith("MLFLOW_")
    }
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor", **variables},
        stdin=programs,
        stdout=programs,
        stderr=programs,
        start_new_session=True,
    )
    os.close(programs)
    try:
        yield Terminal(pyte.Screen(columns, 40), ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
