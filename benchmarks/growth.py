"""Prep and scoring of more and more images. Time should grow with their number, and memory should not grow at all."""

import shutil
import sys
from collections.abc import Callable

from benchmarks.data import Settings, repeated_idx
from benchmarks.measurement import QUIET, Comparison, Program, Work, command_of, measure, serve
from benchmarks.scoring import tracking, trained


def compare(settings: Settings) -> list[Comparison]:
    """Measure each size once per repetition, the smallest first, and delete its files afterwards."""
    models = trained(settings)
    names = [f"{size:,}" for size in settings.sizes]
    prep = Comparison("growth of prep", names[0])
    score = Comparison("growth of scoring", names[0])
    for _ in range(settings.repeat):
        for name, size in zip(names, settings.sizes, strict=True):
            folder = settings.scratch / "growth"
            idx = repeated_idx(settings.data, folder / "idx", size)
            for comparison, command, environment in (
                (prep, command_of("benchmarks.growth", "prep", idx, folder), {}),
                (score, command_of("benchmarks.growth", "score", folder, models), QUIET | tracking(models)),
            ):
                print(f"{comparison.title}: {name}", file=sys.stderr, flush=True)
                run = measure(Program(name, command, environment=environment))
                comparison.runs.setdefault(name, []).append(run)
            shutil.rmtree(folder)
    return [prep, score]


def prep(idx: str, folder: str) -> Work:
    """Return this package's prep."""
    from mnist_pipeline.mnist.data.prep import prepare_data

    return lambda: prepare_data(idx, f"{folder}/train", f"{folder}/test")


def score(folder: str, models: str) -> Work:
    """Return this package's scoring of the images that prep wrote as training data."""
    import mlflow  # noqa: F401  # imports are not timed
    import onnxruntime  # noqa: F401

    from mnist_pipeline.mnist.scoring.score import score

    return lambda: score(f"{folder}/train", f"{models}/ours", f"{folder}/result")


if __name__ == "__main__":
    programs: dict[str, Callable[..., Work]] = {"prep": prep, "score": score}
    serve(programs)
