"""Train Microsoft's sample network and ours on all of Fashion-MNIST, taking turns, and compare.

    python -m benchmarks.training [--data FOLDER] [--seeds N] [--recipes NAME ...] [--json FILE]

Each fit is a process of its own. What counts is the ratio of the processor's seconds (user and system, both cores),
which a busy machine stretches less than those of the clock, and stretches for both. A fit is timed from the images in
memory to the trained network: building it, tracing, training, validating after every epoch (the sample on 12,000 of
the 60,000 images, ours on 6,000). Test images are looked at once, after the fit, and decide nothing.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mnist_pipeline.mnist.dataset import Dataset, read_dataset

FASHION_MNIST = "/usr/share/datasets/fashion-mnist"
SAMPLE = "sample"
RECIPES = {
    "small-1": {"network": "small", "epochs": 1, "batch_size": 64},
    "small-2": {"network": "small", "epochs": 2, "batch_size": 256},
    "small-10": {"network": "small", "epochs": 10},
    "wide-8-flip": {"network": "wide", "epochs": 8, "augmentation": "flip"},
}
Classifier = Callable[[np.ndarray], np.ndarray]  # raw pixels (n, height, width, 1) float32 to probabilities
Row = dict[str, float | str]


def main() -> None:
    """Read the arguments; take turns, print a table, write the figures of every fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=FASHION_MNIST, help="folder with the four IDX files (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="how many fits each, seeds 1 to N (default: 3)")
    parser.add_argument(
        "--sample-seeds", type=int, help="how many of the sample's fits, the longest (default: as --seeds)"
    )
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES), help="ours (default: all)")
    parser.add_argument("--json", type=Path, help="file for the figures of every fit, rewritten after each")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, seed = arguments.one
        print(json.dumps(measure(name, int(seed), arguments.data)))
        return

    rows: list[Row] = []
    n_sample = arguments.seeds if arguments.sample_seeds is None else arguments.sample_seeds
    for seed in range(1, arguments.seeds + 1):
        for name in [SAMPLE] * (seed <= n_sample) + arguments.recipes:
            command = [sys.executable, "-m", "benchmarks.training", "--data", arguments.data, "--one", name, str(seed)]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            rows.append(json.loads(printed.stdout.splitlines()[-1]))
            print(json.dumps(rows[-1]), flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))


def measure(name: str, seed: int, data: str) -> Row:
    """Fit once in this process; return name, seed, wall and CPU seconds of the fit, and the accuracy on the test."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    training, test = (read_dataset(data, split) for split in ("train", "test"))
    import keras  # its start is not part of the fit
    import tensorflow  # noqa: F401  the same

    keras.utils.set_random_seed(seed)
    fit = prepare_sample(training) if name == SAMPLE else prepare_ours(training, name, seed)
    wall, cpu = time.perf_counter(), cpu_seconds()
    classify = fit()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    accuracy = (classify(test.images[..., None].astype(np.float32)).argmax(axis=1) == test.labels).mean()
    return {"name": name, "seed": seed, "wall": round(wall, 2), "cpu": round(cpu, 2), "accuracy": float(accuracy)}


def prepare_sample(training: Dataset) -> Callable[[], Classifier]:
    """Return the fit of the sample program, as its train.py does it, on images that are in memory already."""
    import keras

    from benchmarks.sample_program import train as sample

    pixels = training.images[..., None].astype("float32") / 255
    targets = keras.utils.to_categorical(training.labels, sample.N_CLASSES)
    order = np.random.permutation(len(pixels))
    n_validation = int(len(pixels) * sample.VALIDATION_FRACTION)
    held_out, kept = order[:n_validation], order[n_validation:]

    def fit() -> Classifier:
        network = sample.build_network()
        network.fit(
            pixels[kept],
            targets[kept],
            batch_size=sample.BATCH_SIZE,
            epochs=10,
            validation_data=(pixels[held_out], targets[held_out]),
            verbose=0,
        )
        return lambda images: network.predict(images / 255, verbose=0)

    return fit


def prepare_ours(training: Dataset, name: str, seed: int) -> Callable[[], Classifier]:
    """Return the fit of one of our recipes, as the training component does it, without MLflow."""
    from mnist_pipeline.mnist.hyperparameters import Hyperparameters
    from mnist_pipeline.mnist.training import fit

    settings = Hyperparameters(seed=seed, **RECIPES[name])

    def fit_ours() -> Classifier:
        network, _ = fit(training, settings, log=lambda *_: None)
        return lambda images: network.predict(images, batch_size=1000, verbose=0)

    return fit_ours


def cpu_seconds() -> float:
    """Return the user and system seconds of this process so far, all threads together."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def table(rows: list[Row]) -> str:
    """Return a line a recipe: mean and range of the accuracy, medians of the seconds, ratios to the sample's."""
    lines = [
        f"{'recipe':<12} {'fits':>4} {'accuracy: mean (range)':>26} {'wall, s':>8} {'CPU, s':>8} "
        f"{'sample / it, CPU':>17}"
    ]
    cpu_of_sample = [float(row["cpu"]) for row in rows if row["name"] == SAMPLE]
    for name in dict.fromkeys(row["name"] for row in rows):
        accuracy, wall, cpu = (
            [float(row[column]) for row in rows if row["name"] == name] for column in ("accuracy", "wall", "cpu")
        )
        ratio = f"{statistics.median(cpu_of_sample) / statistics.median(cpu):.2f}" if cpu_of_sample else "-"
        shown = f"{statistics.mean(accuracy):.4f} ({min(accuracy):.4f}-{max(accuracy):.4f})"
        lines.append(
            f"{name:<12} {len(cpu):>4} {shown:>26} {statistics.median(wall):>8.1f} {statistics.median(cpu):>8.1f} "
            f"{ratio:>17}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
