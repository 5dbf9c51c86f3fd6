"""Measure one program in its own process, or several programs that take turns."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

Work = Callable[[], Any]
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # hides TensorFlow's start-up messages
OURS = "mnist_pipeline"  # the name of this package among the programs
TURN = "{turn}"  # stands for the number of the turn (1, 2, ...) in a command line, which serves as a seed


@dataclass(frozen=True)
class Program:
    """A program to measure.

    Attributes:
        name: Its name in the tables.
        command: Its command line. The last line that it prints may be the JSON of `serve`.
        needs: The packages that it needs.
        environment: Environment variables, in addition to those of this process.
    """

    name: str
    command: Sequence[str]
    needs: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The needed packages that are not installed."""
        return [package for package in self.needs if find_spec(package) is None]


@dataclass(frozen=True)
class Run:
    """One run of a program.

    Attributes:
        seconds: Time of the work itself, without the start of Python and the imports. If the program does not print
            it, the time of the whole process.
        process_seconds: Time of the whole process.
        cpu_seconds: Processor time of the work, on all cores together. A busy machine distorts it least.
        process_cpu_seconds: Processor time of the whole process.
        peak_bytes: Peak memory of the process, as the operating system counts it.
        check: A value that must be the same for all programs of a comparison; None if there is nothing to compare.
        accuracy: Accuracy of the trained model on the test images; None if the program trains no model.
    """

    seconds: float
    process_seconds: float
    cpu_seconds: float
    process_cpu_seconds: float
    peak_bytes: int
    check: str | None = None
    accuracy: float | None = None


@dataclass
class Comparison:
    """The measurements of programs that do the same work.

    Attributes:
        title: What the work is.
        reference: Name of the program that the others are compared with.
        runs: The runs of each program, by name, in the order of the turns.
        absent: The programs that could not run, with the packages that are missing.
        counted: How many of `unit` the work handles; 0 if a rate makes no sense.
        unit: What is counted, such as images.
    """

    title: str
    reference: str
    runs: dict[str, list[Run]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    counted: int = 0
    unit: str = "images"

    def median(self, name: str, what: str = "seconds") -> float:
        """Return the median of one measurement over a program's runs; `what` names an attribute of `Run`."""
        return statistics.median(getattr(run, what) for run in self.runs[name])

    def accuracies(self, name: str) -> list[float]:
        """Return the accuracy of each of a program's runs, without runs that report none."""
        return [run.accuracy for run in self.runs[name] if run.accuracy is not None]

    def speed(self, name: str, what: str = "seconds") -> float:
        """Return how many times as fast as the reference a program is, from the medians."""
        return self.median(self.reference, what) / self.median(name, what)

    @property
    def best_peer(self) -> str | None:
        """The fastest program besides this package; None if this package or its peers were not measured."""
        peers = [name for name in self.runs if name != OURS]
        return min(peers, key=self.median) if OURS in self.runs and peers else None

    @property
    def disagreeing(self) -> list[str]:
        """The programs whose result differs from the reference's."""
        expected = self.runs[self.reference][0].check
        return [
            name
            for name, runs in self.runs.items()
            if {run.check for run in runs if run.check is not None} - {expected} and expected is not None
        ]


def take_turns(
    title: str, programs: Sequence[Program], repeat: int, counted: int = 0, unit: str = "images"
) -> Comparison:
    """Run each program `repeat` times. The programs take turns, so that a busy machine slows all of them alike.

    The first program that can run is the reference.
    """
    present = [program for program in programs if not program.missing]
    comparison = Comparison(title, present[0].name, counted=counted, unit=unit)
    comparison.absent = {program.name: program.missing for program in programs if program.missing}
    for turn in range(repeat):
        for program in present:
            print(f"{title}: {program.name}, {turn + 1} of {repeat}", file=sys.stderr, flush=True)
            comparison.runs.setdefault(program.name, []).append(measure(program, turn + 1))
    return comparison


def measure(program: Program, turn: int = 1) -> Run:
    """Run a program once.

    Args:
        program: The program.
        turn: The number of the turn, from 1.

    Raises:
        SystemExit: the program failed; the message has the end of its error output.
    """
    started, cpu_started = time.perf_counter(), _cpu_seconds_of_children()
    process = subprocess.Popen(
        [str(turn) if part == TURN else part for part in program.command],
        env={**os.environ, **program.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    printed, complaints = process.communicate()
    seconds, cpu_seconds = time.perf_counter() - started, _cpu_seconds_of_children() - cpu_started
    if process.returncode:
        raise SystemExit(f"{program.name} failed:\n{complaints[-3000:]}")
    told = json.loads(printed.splitlines()[-1]) if printed.strip().endswith("}") else {}
    return Run(
        told.get("seconds", seconds),
        seconds,
        told.get("cpu_seconds", cpu_seconds),
        cpu_seconds,
        told.get("peak_bytes", 0),
        told.get("check"),
        told.get("accuracy"),
    )


def _cpu_seconds_of_children() -> float:
    """Return the processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def serve(
    programs: Mapping[str, Callable[..., Work]],
    check: Callable[[Any], str | None] = lambda _: None,
    accuracy: Callable[[Any], float | None] = lambda _: None,
) -> None:
    """Act as the measured process, `python -m MODULE PROGRAM ARGUMENT ...`, and print the JSON that `measure` reads.

    Args:
        programs: For each name a function that prepares everything, including imports, and returns the work to time.
        check: Turns the work's result into the value that must be the same for all programs. Not timed.
        accuracy: Turns the work's result into the accuracy on the test images. Not timed.
    """
    name, *arguments = sys.argv[1:]
    work = programs[name](*arguments)
    started, cpu_started = time.perf_counter(), _cpu_seconds()
    result = work()
    seconds, cpu_seconds = time.perf_counter() - started, _cpu_seconds() - cpu_started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
    told = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak}
    print(json.dumps(told | {"check": check(result), "accuracy": accuracy(result)}))


def _cpu_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    return time.process_time() + _cpu_seconds_of_children()


def command_of(module: str, name: str, *arguments: object) -> list[str]:
    """Return the command line with which a module of this package runs `serve` for one of its programs."""
    return [sys.executable, "-m", module, name, *map(str, arguments)]
