"""Time the main job on all of Fashion-MNIST against Microsoft's sample program, one after the other.

    python -m benchmarks.main_job [--data FOLDER] [--repeat N]

The sample is three processes: prep, train (10 epochs), score. Ours is one command that also tracks every step in
MLflow and registers the model. The two take turns, so that a busy machine slows both; the ratio is what counts.
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

SAMPLE_PROGRAM = Path(__file__).parent / "sample_program"


def main() -> None:
    """Read the arguments, run both programs in turn, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the four IDX files")
    parser.add_argument("--repeat", type=int, default=1, help="how many times each program runs")
    arguments = parser.parse_args()

    rows: dict[str, list[tuple[float, float]]] = {"sample program": [], "mnist-pipeline run": []}
    for _ in range(arguments.repeat):
        with tempfile.TemporaryDirectory() as folder:
            theirs, their_digests = run_sample(arguments.data, Path(folder) / "sample")
            ours, our_digests = run_ours(arguments.data, Path(folder) / "ours")
        if their_digests != our_digests:
            raise SystemExit(f"the CSVs differ: {their_digests} and {our_digests}")
        rows["sample program"].append(theirs)
        rows["mnist-pipeline run"].append(ours)

    print(f"{'program':<20} {'wall, s':>9} {'accuracy':>9}   (medians of {arguments.repeat}; the CSVs are identical)")
    for name, measured in rows.items():
        seconds, accuracy = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{name:<20} {seconds:>9.1f} {accuracy:>9.4f}")
    ratios = [ours[0] / theirs[0] for theirs, ours in zip(*rows.values(), strict=True)]
    print(f"wall time, ours / sample: {statistics.median(ratios):.2f}")


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


def run_ours(data: str, folder: Path) -> tuple[tuple[float, float], dict[str, str]]:
    """Run the main job as a user would; return (seconds, accuracy) and the digests of the CSVs."""
    command = [sys.executable, "-m", "mnist_pipeline", "run", "--data", data, "--output-dir", str(folder)]
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
