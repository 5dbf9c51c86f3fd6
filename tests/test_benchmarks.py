"""The command of the benchmarks; nothing is timed here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def benchmarks(*arguments):
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_the_help_names_every_stage():
    finished = benchmarks("--help")

    assert finished.returncode == 0
    for stage in ("prep", "csv", "score", "startup", "growth", "epoch", "training", "pipeline", "hour"):
        assert f"\n  {stage} " in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "finding"),
    [
        (["--stages", "prep,lunch"], "no such stage: lunch; there are prep, csv, "),
        (["--repeat", "0"], "--repeat must be at least 1"),
        (["--data", "nowhere"], "nowhere: no train-images-idx3-ubyte.gz"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_measured(arguments, finding):
    finished = benchmarks(*arguments)

    assert finished.returncode == 2
    assert finding in finished.stderr
