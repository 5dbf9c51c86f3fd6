"""The command line of the benchmarks. Nothing is timed here."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from benchmarks.measurement import Comparison, Run
from benchmarks.plots import MARKERS, OUR_COLOR, PEER_COLOR, draw
from benchmarks.report import table

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
        (["--stages", "prep,lunch"], "no such stage: lunch; choose from prep, csv, "),
        (["--repeat", "0"], "--repeat must be at least 1"),
        (["--data", "nowhere"], "nowhere: no train-images-idx3-ubyte.gz"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_measured(arguments, finding):
    finished = benchmarks(*arguments)

    assert finished.returncode == 2
    assert finding in finished.stderr


def comparison(seconds, **more):
    """Programs that ran once, each for some seconds."""
    runs = {name: [Run(each, each, each, each, 1_000_000, None, **more)] for name, each in seconds.items()}
    return Comparison("work", next(iter(runs)), runs, counted=10)


def test_a_table_names_the_fastest_of_the_peers_that_were_measured():
    measured = comparison({"sample": 6.0, "predict": 3.0, "ONNX Runtime": 2.0, "mnist_pipeline": 1.0})

    assert table(measured).splitlines()[-1] == "best peer: ONNX Runtime; mnist_pipeline is 2.00 times as fast"


def test_a_table_of_this_package_alone_or_of_others_alone_names_no_peer():
    assert "best peer" not in table(comparison({"mnist_pipeline": 1.0}))
    assert "best peer" not in table(comparison({"plain": 1.0, "quoted": 2.0}))


def brightness(color):
    return float(np.dot(to_rgb(color), [0.299, 0.587, 0.114]))


def test_colors_and_markers_of_the_plots_differ_without_their_hue():
    markers, shades = zip(*MARKERS, strict=True)

    assert len(set(markers)) == len(MARKERS)
    assert min(np.diff(sorted(map(brightness, shades)))) > 0.05
    assert brightness(PEER_COLOR) - brightness(OUR_COLOR) > 0.4


@pytest.mark.parametrize(
    ("stage", "more"),
    [("prep", {}), ("growth", {}), ("training", {"accuracy": 0.9})],
    ids=["bars", "growth", "accuracy"],
)
def test_the_plots_are_drawn_and_their_log_axes_have_numbers_with_units(stage, more, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: shown.append((figure, path)))
    names = ["10", "1,000"] if stage == "growth" else ["sample", "mnist_pipeline"]

    draw(stage, [comparison(dict(zip(names, [20.0, 200.0], strict=True)), **more)], tmp_path)

    ((figure, path),) = shown
    assert path.suffix == ".png"
    axes = [axis for each in figure.axes for axis in (each.xaxis, each.yaxis) if axis.get_label_text()]
    log_axes = [axis for axis in axes if axis.get_scale() == "log"]
    assert len(log_axes) == {"prep": 0, "growth": 2, "training": 1}[stage]
    for axis in log_axes:
        ticks = [label.get_text() for label in axis.get_ticklabels() if label.get_text()]
        assert len(ticks) >= 2
        assert all(tick.endswith(" s") for tick in ticks) or "images" in axis.get_label_text(), ticks
