"""Time the main job on all of Fashion-MNIST against Microsoft's sample program, one after the other.

    python -m benchmarks.main_job [--data FOLDER] [--repeat N]

The sample is three processes: prep, train (10 epochs), score. Ours is one command that also tracks every step in
MLflow and registers the model: once with one epoch, which suffices for the sample's accuracy, and once as it is by
default. The programs take turns, so that a busy machine slows all; the ratio is what counts.
"""

import argparse
import hashlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.data import unpacked

SAMPLE_PROGRAM = Path(__file__).parent / "sample_program"
SAMPLE = "sample program"
OURS = {
    "ours, 1 epoch": ("--epochs", "1", "--batch-size", "64"),
    "ours, by default": (),
}


def main() -> None:
    """Read the arguments, run both programs in turn, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
    parser.add_argument("--repeat", type=int, default=1, help="how many times each program runs")
    arguments = parser.parse_args()

    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in (SAMPLE, *OURS)}
    for _ in range(arguments.repeat):
        with tempfile.TemporaryDirectory() as folder:
            plain = unpacked(Path(arguments.data), Path(folder) / "unpacked")  # as the sample has them
            measured, their_digests = run_sample(str(plain), Path(folder) / "sample")
            rows[SAMPLE].append(measured)
            for name, options in OURS.items():
                measured, our_digests = run_ours(arguments.data, Path(folder) / name, options)
                if their_digests != our_digests:
                    raise SystemExit(f"the CSVs differ: {their_digests} and {our_digests}")
                rows[name].append(measured)

    print(f"{'program':<20} {'wall, s':>9} {'of sample':>9} {'accuracy':>9}   medians of {arguments.repeat}; same CSVs")
    for name, runs in rows.items():
        seconds, accuracy = (statistics.median(column) for column in zip(*runs, strict=True))
        ratio = statistics.median(run[0] / sample[0] for sample, run in zip(rows[SAMPLE], runs, strict=True))
        print(f"{name:<20} {seconds:>9.1f} {ratio:>9.2f} {accuracy:>9.4f}")


def run_sample(data: str, folder: Path) -> tuple[tuple[float, float], dict[str, str]]:
    """Run the sample's three steps; return (seconds, accuracy) and the digests of the CSVs."""
    train, test, model, result = (str(folder / name) for name in ("train", "test", "model", "result"))
    started = time.perf_counter()
    step("prep", "--input_data", data, "--training_data", train, "--test_data", test)
    step("train", "--input_data", train, "--output_model", model, "--epochs", "10")
    printed = step("score", "--input_data", test, "--input_model", model, "--output_result", result)
    seconds = time.perf_counter() - started
    accuracy = float(re.findall(r"accuracy ([0-9.]+)", printed)[-1])
    return (seconds, accuracy), digests(folder)


def step(name: str, *arguments: str) -> str:
    """Run one step of the sample as a process of its own; return what it printed."""
    command = [sys.executable, str(SAMPLE_PROGRAM / f"{name}.py"), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def run_ours(data: str, folder: Path, options: tuple[str, ...]) -> tuple[tuple[float, float], dict[str, str]]:
    """Run the main job as a user would; return (seconds, accuracy) and the digests of the CSVs."""
    command = [sys.executable, "-m", "mnist_pipeline", "run", "--data", data, "--output-dir", str(folder), *options]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    (metrics,) = folder.glob("*/nodes/score_node/outputs/output_result/metrics.json")
    return (seconds, json.loads(metrics.read_text())["accuracy"]), digests(folder)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the CSVs of the images, by file name."""
    return {
        path.name: hashlib.file_digest(path.open("rb"), "sha256").hexdigest() for path in folder.rglob("mnist_*.csv")
    }


if __name__ == "__main__":
    main()
