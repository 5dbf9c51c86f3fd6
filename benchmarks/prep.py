"""Prep: the 70,000 images of Fashion-MNIST from IDX to CSV, by this package, the sample, and libraries that write CSV.

The libraries read with the standard library's gzip and write all rows of a split at once, as their users would. The
sample gets unpacked files, as in the original: it reads byte by byte, which would take four times as long from gzip.
"""

import gzip
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import PIXELS, Settings, unpacked
from benchmarks.measurement import Comparison, Program, Work, command_of, serve, take_turns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NAMES = {"train": "mnist_train.csv", "t10k": "mnist_test.csv"}


def compare(settings: Settings) -> list[Comparison]:
    """Measure all programs on the full data."""
    programs = [
        Program(name, command_of("benchmarks.prep", name, data_of(name, settings), settings.scratch / "prep"), needs)
        for name, needs in {
            "sample converter": [],
            "pandas": ["pandas"],
            "numpy.savetxt": ["numpy"],
            "pyarrow": ["pyarrow"],
            "polars": ["polars"],
            "mnist_pipeline": [],
        }.items()
    ]
    return [take_turns("prep", programs, settings.repeat, counted=70_000)]


def data_of(name: str, settings: Settings) -> Path:
    """The folder that a program reads."""
    is_sample = name == "sample converter"
    return unpacked(settings.data, settings.scratch / "unpacked") if is_sample else settings.data


def ours(data: str, folder: str) -> Work:
    """The prep step of this package."""
    from mnist_pipeline.mnist.data.prep import prepare_data

    def work() -> Path:
        prepare_data(data, folder, folder)
        if "tensorflow" in sys.modules:
            raise SystemExit("prep has imported TensorFlow")
        return Path(folder)

    return work


def sample(data: str, folder: str) -> Work:
    """Microsoft's converter, byte by byte."""
    from benchmarks.sample_program.prep import convert

    def work() -> Path:
        Path(folder).mkdir(exist_ok=True)
        for (prefix, name), count in zip(NAMES.items(), (60_000, 10_000), strict=True):
            images, labels = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
            convert(Path(data), images, labels, Path(folder) / name, count)
        return Path(folder)

    return work


def rows_of(data: str) -> "Iterator[tuple[str, npt.NDArray[np.uint8]]]":
    """Yield the name of each CSV and its rows, uint8 of shape (n, 785)."""
    import numpy as np

    for prefix, name in NAMES.items():
        with gzip.open(f"{data}/{prefix}-images-idx3-ubyte.gz") as stream:
            images = np.frombuffer(stream.read(), np.uint8, offset=16).reshape(-1, PIXELS)
        with gzip.open(f"{data}/{prefix}-labels-idx1-ubyte.gz") as stream:
            labels = np.frombuffer(stream.read(), np.uint8, offset=8)
        yield name, np.column_stack([labels, images])


def written_by(write: "Callable[[npt.NDArray[np.uint8], str], object]", data: str, folder: str) -> Work:
    """Return the work of a library whose `write` puts rows into a file."""

    def work() -> Path:
        Path(folder).mkdir(exist_ok=True)
        for name, rows in rows_of(data):
            write(rows, f"{folder}/{name}")
        return Path(folder)

    return work


def savetxt(data: str, folder: str) -> Work:
    """NumPy's text writer."""
    import numpy as np

    return written_by(lambda rows, path: np.savetxt(path, rows, "%d", ","), data, folder)


def pandas(data: str, folder: str) -> Work:
    """The writer of pandas."""
    import pandas

    return written_by(lambda rows, path: pandas.DataFrame(rows).to_csv(path, header=False, index=False), data, folder)


def polars(data: str, folder: str) -> Work:
    """The writer of polars."""
    import polars

    return written_by(lambda rows, path: polars.DataFrame(rows).write_csv(path, include_header=False), data, folder)


def pyarrow(data: str, folder: str) -> Work:
    """The writer of Apache Arrow."""
    import pyarrow
    from pyarrow import csv

    def write(rows: "npt.NDArray[np.uint8]", path: str) -> None:
        columns = [pyarrow.array(column) for column in rows.T]
        table = pyarrow.table(columns, names=[str(column) for column in range(len(columns))])
        csv.write_csv(table, path, csv.WriteOptions(include_header=False))

    return written_by(write, data, folder)


def digest(folder: Path) -> str:
    """The SHA-256 of both CSVs, one after the other."""
    both = hashlib.sha256()
    for name in NAMES.values():
        with (folder / name).open("rb") as stream:
            both.update(hashlib.file_digest(stream, "sha256").digest())
    return both.hexdigest()


if __name__ == "__main__":
    programs: dict[str, Callable[..., Work]] = {
        "sample converter": sample,
        "pandas": pandas,
        "numpy.savetxt": savetxt,
        "pyarrow": pyarrow,
        "polars": polars,
        "mnist_pipeline": ours,
    }
    serve(programs, digest)
