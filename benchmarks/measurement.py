"""One program measured in a process of its own, and several that take turns."""

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
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # TensorFlow's start-up lines
TURN = "{turn}"  # in a command line: which turn it is, 1, 2, ..., which serves as a seed


@dataclass(frozen=True)
class Program:
    """Something to measure.

    Attributes:
        name: What the tables call it.
        command: Its command line. The last line that it prints may be the JSON of `serve`.
        needs: Packages without which it cannot run.
        environment: Variables set on top of this process's own.
    """

    name: str
    command: Sequence[str]
    needs: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Those of the packages it needs that are not installed."""
        return [package for package in self.needs if find_spec(package) is None]


@dataclass(frozen=True)
class Run:
    """One run of a program.

    Attributes:
        seconds: The work itself, without starting Python and importing; the whole process where it does not tell.
        process_seconds: The whole process.
        cpu_seconds: Of the work, on all cores together: what a busy machine falsifies least.
        process_cpu_seconds: Of the whole process.
        peak_bytes: The most memory that the process held at a time, as the operating system counted.
        check: Something that all programs of a comparison must agree on; None where there is nothing to compare.
        accuracy: Of the model that was trained, on the test images; None where none was.
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
    """What was measured of programs that do the same work.

    Attributes:
        title: What the work is.
        reference: Name of the program that ratios are taken to.
        runs: The runs of each program, by name, in the order in which they took turns.
        absent: Programs that could not run, and the packages they lack.
        counted: How many of `unit` the work handles; 0 where a rate makes no sense.
        unit: What is counted: images.
    """

    title: str
    reference: str
    runs: dict[str, list[Run]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    counted: int = 0
    unit: str = "images"

    def median(self, name: str, what: str = "seconds") -> float:
        """Return the median of a figure of a program's runs."""
        return statistics.median(getattr(run, what) for run in self.runs[name])

    def accuracies(self, name: str) -> list[float]:
        """Return the accuracy of each of a program's runs; nothing where none was told."""
        return [run.accuracy for run in self.runs[name] if run.accuracy is not None]

    def speed(self, name: str, what: str = "seconds") -> float:
        """Return how many times as fast as the reference a program is, by the medians."""
        return self.median(self.reference, what) / self.median(name, what)

    @property
    def disagreeing(self) -> list[str]:
        """Programs whose result differs from the reference's."""
        expected = self.runs[self.reference][0].check
        return [
            name
            for name, runs in self.runs.items()
            if {run.check for run in runs if run.check is not None} - {expected} and expected is not None
        ]


def take_turns(
    title: str, programs: Sequence[Program], repeat: int, counted: int = 0, unit: str = "images"
) -> Comparison:
    """Run each program `repeat` times, one after the other in turn, so that a busy machine slows all alike.

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
    """Run a program once, by itself.

    Args:
        program: What to run.
        turn: How many times it has run, with this one.

    Raises:
        SystemExit: it failed; with the end of what it said.
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
    """The processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def serve(
    programs: Mapping[str, Callable[..., Work]],
    check: Callable[[Any], str | None] = lambda _: None,
    accuracy: Callable[[Any], float | None] = lambda _: None,
) -> None:
    """Be the measured process: `python -m MODULE PROGRAM ARGUMENT ...`; print what `measure` reads.

    Args:
        programs: By name, a function that gets everything ready (imports too) and returns the work to be timed.
        check: Makes of the work's result what all programs must agree on; not timed.
        accuracy: Makes of the work's result the accuracy on the test images; not timed.
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
    """The processor time of this process and of its children that have ended."""
    return time.process_time() + _cpu_seconds_of_children()


def command_of(module: str, name: str, *arguments: object) -> list[str]:
    """Return the command line that makes a module of this package `serve` one of its programs."""
    return [sys.executable, "-m", module, name, *map(str, arguments)]
