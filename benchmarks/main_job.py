"""The whole pipeline on all of Fashion-MNIST: Microsoft's sample program compared with this package's command.

The sample runs three processes: prep, train (10 epochs) and score. Our command also tracks every step in MLflow and
registers the model. It runs twice: with one epoch, which is enough for the sample's usual accuracy, and with the
defaults.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.data import Settings, unpacked
from benchmarks.measurement import TURN, Comparison, Program, Work, command_of, serve, take_turns

SAMPLE_PROGRAM = Path(__file__).parent / "sample_program"
SAMPLE = "sample program"
OURS = {
    "mnist-pipeline run, 1 epoch": ("--epochs", "1"),
    "mnist-pipeline run": (),
}


def compare(settings: Settings) -> list[Comparison]:
    """Run each program once per turn. The number of the turn is the seed of our program."""
    folder = settings.scratch / "pipeline"
    plain = unpacked(settings.data, settings.scratch / "unpacked")  # as the sample needs them
    programs = [
        Program(name, command_of("benchmarks.main_job", name, plain if name == SAMPLE else settings.data, folder, TURN))
        for name in (SAMPLE, *OURS)
    ]
    return [take_turns("the whole pipeline", programs, settings.repeat)]


def run_sample(data: str, folder: str, seed: str) -> Work:  # noqa: ARG001 - the sample has no seed
    """Return the sample's three steps, which write their results to the folder."""
    train, test, model, result = (f"{folder}/{name}" for name in ("train", "test", "model", "result"))

    def step(name: str, *arguments: str) -> str:
        command = [sys.executable, str(SAMPLE_PROGRAM / f"{name}.py"), *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout

    def work() -> float:
        step("prep", "--input_data", data, "--training_data", train, "--test_data", test)
        step("train", "--input_data", train, "--output_model", model, "--epochs", "10")
        printed = step("score", "--input_data", test, "--input_model", model, "--output_result", result)
        return float(re.findall(r"accuracy ([0-9.]+)", printed)[-1])

    return work


def run_ours(options: tuple[str, ...], data: str, folder: str, seed: str) -> Work:
    """Return the command as a user would run it."""
    command = [sys.executable, "-m", "mnist_pipeline", "run", "--data", data, "--output-dir", folder, "--seed", seed]

    def work() -> float:
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (metrics,) = Path(folder).glob("*/nodes/score_node/outputs/output_result/metrics.json")
        return float(json.loads(metrics.read_text())["accuracy"])

    return work


def digests(folder: Path) -> str:
    """Return the SHA-256 of each CSV with images, by file name, as JSON."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("mnist_*.csv")}
    return json.dumps(found, sort_keys=True)


if __name__ == "__main__":
    scratch = Path(sys.argv[3])
    programs: dict[str, Callable[..., Work]] = {SAMPLE: run_sample}
    programs |= {name: partial(run_ours, options) for name, options in OURS.items()}
    serve(programs, check=lambda _: digests(scratch), accuracy=lambda accuracy: accuracy)
    shutil.rmtree(scratch)
