"""Measure each stage of the pipeline and compare it with other programs.

    python -m benchmarks [--stages prep,csv,score,startup] [--repeat N] [--json FILE] [--plots FOLDER]

Each program runs in its own process. The programs take turns, so that a busy machine slows all of them alike; only the
ratios are meaningful. "work" is the task itself, "process" also includes the start of Python and the imports, and "cpu"
is the processor time on all cores together. "x first" is the speed relative to the first program. Programs that are not
installed are listed as missing: `pip install -e '.[benchmarks]'` installs all of them except PyTorch
(`pip install torch`, gigabytes). The benchmarks download nothing.

stages:
  prep      convert 70,000 images from IDX to CSV: the sample's converter, pandas, NumPy, pyarrow, polars
  csv       read the training CSV into arrays: the sample, pandas, NumPy, pyarrow, polars
  score     score 10,000 test images with the sample's network: Keras's predict, ONNX Runtime; and the whole process
  startup   start Python, import the package, run the command
  growth    prep and scoring of 10 thousand, 70 thousand and 1 million images (needs 3 GB of disk space)
  epoch     train the sample's network for one epoch: Keras, PyTorch, this package
  training  the sample's training and ours, with the accuracy on the test images; a new seed each turn (half an hour)
  pipeline  prep, training and scoring together, with the accuracy (minutes)
  hour      the accuracy that one hour on two cores can reach (up to an hour)
"""

import argparse
import tempfile
from importlib import import_module
from pathlib import Path

from benchmarks.data import FASHION_MNIST, Settings
from benchmarks.measurement import Comparison
from benchmarks.report import as_json, table

STAGES = {
    "prep": "benchmarks.prep",
    "csv": "benchmarks.csv_reading",
    "score": "benchmarks.scoring",
    "startup": "benchmarks.startup",
    "growth": "benchmarks.growth",
    "epoch": "benchmarks.epoch",
    "training": "benchmarks.training",
    "pipeline": "benchmarks.main_job",
    "hour": "benchmarks.hour",
}
BY_DEFAULT = ("prep", "csv", "score", "startup", "growth")


def main() -> None:
    """Read the arguments, run the stages, print the tables, and write the files."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stages", default=",".join(BY_DEFAULT), help="stages to run, separated by commas (default: %(default)s)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="how often each program runs (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=FASHION_MNIST, help="folder with the four gzipped IDX files")
    parser.add_argument("--scratch", type=Path, help="folder for 3 GB of temporary files (default: the system's)")
    parser.add_argument("--sizes", default="10000,70000,1000000", help="numbers of images for the stage growth")
    parser.add_argument("--json", type=Path, help="write all runs to this file")
    parser.add_argument("--plots", type=Path, help="write the plots to this folder")
    arguments = parser.parse_args()
    stages = arguments.stages.split(",")
    if unknown := [stage for stage in stages if stage not in STAGES]:
        parser.error(f"no such stage: {', '.join(unknown)}; choose from {', '.join(STAGES)}")
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    if not (arguments.data / "train-images-idx3-ubyte.gz").is_file():
        parser.error(f"{arguments.data}: no train-images-idx3-ubyte.gz; give the folder of Fashion-MNIST with --data")

    measured: dict[str, list[Comparison]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        sizes = tuple(int(size) for size in arguments.sizes.split(","))
        settings = Settings(arguments.data.resolve(), Path(scratch), arguments.repeat, sizes)
        for stage in stages:
            measured[stage] = import_module(STAGES[stage]).compare(settings)
            print("\n".join(f"\n{table(comparison)}" for comparison in measured[stage]), flush=True)
            if arguments.json:  # after every stage, so that a failure loses no results
                arguments.json.write_text(as_json(measured), encoding="utf-8")
    if arguments.plots:
        from benchmarks.plots import draw

        for stage, comparisons in measured.items():
            for path in draw(stage, comparisons, arguments.plots):
                print(path)


if __name__ == "__main__":
    main()
