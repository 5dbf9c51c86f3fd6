"""The time that Python, this package and its command take to start, for the whole process."""

import sys

from benchmarks.data import Settings
from benchmarks.measurement import Comparison, Program, take_turns


def compare(settings: Settings) -> list[Comparison]:
    """Measure at least five starts of each program, since they are short."""
    programs = [
        Program("python alone", [sys.executable, "-c", "pass"]),
        Program("import mnist_pipeline", [sys.executable, "-c", "import mnist_pipeline"]),
        Program("import of prep", [sys.executable, "-c", "import mnist_pipeline.mnist.data.prep"]),
        Program("mnist-pipeline --help", [sys.executable, "-m", "mnist_pipeline", "--help"]),
    ]
    return [take_turns("start-up", programs, max(5, settings.repeat))]
