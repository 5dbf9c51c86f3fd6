"""Measure each stage of the pipeline against its peers.

    python -m benchmarks [--stages prep,csv,score,startup] [--repeat N] [--json FILE] [--plots FOLDER]

Every program runs in a process of its own, one after the other in turn, so that a busy machine slows all alike: the
ratios are what counts. "work" is the task itself, "process" includes starting Python and imports, "cpu" is processor
time on all cores together; "x first" says how many times as fast as the first program. Peers that are not installed
are named as absent: `pip install -e '.[benchmarks]'` installs all but PyTorch (`pip install torch`, gigabytes). Nothing
is fetched.

stages:
  prep      70,000 images from IDX to CSV, byte-identical: the sample's converter, pandas, NumPy, pyarrow, polars
  csv       the training CSV into arrays: the sample, pandas, NumPy, pyarrow, polars
  score     10,000 test images with the sample's network: Keras's predict, ONNX Runtime; and the whole process
  startup   Python, the package, the command
  growth    prep and scoring of 10 thousand, 70 thousand and 1 million images (3 GB on disk for a while)
  epoch     the sample's network for one epoch: Keras, PyTorch, this package
  training  the sample's fit and ours, with accuracy on the test images; each turn has a seed of its own (half an hour)
  pipeline  prep, training and scoring as a whole, with the accuracy (minutes)
  hour      what can be reached within one hour on two cores (up to an hour)
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
    """Read the arguments, measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stages", default=",".join(BY_DEFAULT), help="which, with commas between (default: %(default)s)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="how many times each program runs (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=FASHION_MNIST, help="folder with the four gzipped IDX files")
    parser.add_argument("--scratch", type=Path, help="folder for 3 GB of temporary files (default: the system's)")
    parser.add_argument("--sizes", default="10000,70000,1000000", help="numbers of images for growth")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--plots", type=Path, help="draw the figures into this folder")
    arguments = parser.parse_args()
    stages = arguments.stages.split(",")
    if unknown := [stage for stage in stages if stage not in STAGES]:
        parser.error(f"no such stage: {', '.join(unknown)}; there are {', '.join(STAGES)}")
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    if not (arguments.data / "train-images-idx3-ubyte.gz").is_file():
        parser.error(f"{arguments.data}: no train-images-idx3-ubyte.gz; name the folder of Fashion-MNIST with --data")

    measured: dict[str, list[Comparison]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        sizes = tuple(int(size) for size in arguments.sizes.split(","))
        settings = Settings(arguments.data.resolve(), Path(scratch), arguments.repeat, sizes)
        for stage in stages:
            measured[stage] = import_module(STAGES[stage]).compare(settings)
            print("\n".join(f"\n{table(comparison)}" for comparison in measured[stage]), flush=True)
            if arguments.json:  # after every stage, so that nothing measured is lost
                arguments.json.write_text(as_json(measured), encoding="utf-8")
    if arguments.plots:
        from benchmarks.plots import draw

        for stage, comparisons in measured.items():
            for path in draw(stage, comparisons, arguments.plots):
                print(path)


if __name__ == "__main__":
    main()
