"""Reading CSV into uint8 arrays: the training CSV by this package and its peers, and other forms of the test CSV.

The training CSV has 60,000 lines of 785 numbers, the test CSV 10,000. The sample makes other arrays of them. The forms
are read by this package only; importing pandas, which takes some half a second once, is not part of the work.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.data import PIXELS, Settings, csvs
from benchmarks.measurement import Comparison, Program, Work, command_of, serve, take_turns

Values = list[str]  # the decimal numbers of one line of the plain CSV
FORMS: dict[str, Callable[[Values], str]] = {
    "plain": lambda values: ",".join(values) + "\n",
    "Windows line ends": lambda values: ",".join(values) + "\r\n",
    "blank lines between": lambda values: ",".join(values) + "\n\n",
    "spaces after commas": lambda values: ", ".join(values) + "\n",
    "signs": lambda values: ",".join(f"+{value}" for value in values) + "\n",
    "quoted": lambda values: ",".join(f'"{value}"' for value in values) + "\n",
    "floats (7.0)": lambda values: ",".join(f"{value}.0" for value in values) + "\n",
    "numpy.savetxt's default": lambda values: ",".join(f"{int(value):.18e}" for value in values) + "\n",
}


def compare(settings: Settings) -> list[Comparison]:
    """Measure all programs on the training CSV, and this package on all forms of the test CSV."""
    csv = csvs(settings) / "mnist_train.csv"
    programs = [
        Program(name, command_of("benchmarks.csv_reading", name, csv), needs)
        for name, needs in {
            "sample (pandas, one-hot, float32)": ["pandas"],
            "pandas, uint8": ["pandas"],
            "numpy.loadtxt": ["numpy"],
            "pyarrow": ["pyarrow"],
            "polars": ["polars"],
            "mnist_pipeline": [],
        }.items()
    ]
    plain = csvs(settings) / "test/mnist_test.csv"
    forms = [
        Program(name, command_of("benchmarks.csv_reading", name, written(name, plain, settings.scratch)), ["pandas"])
        for name in FORMS
    ]
    return [
        take_turns("reading the training CSV", programs, settings.repeat, counted=60_000),
        take_turns("reading other forms of the test CSV", forms, settings.repeat, counted=10_000),
    ]


def written(form: str, plain: Path, folder: Path) -> Path:
    """Write the plain CSV in another form; return the new file."""
    path = folder / f"form_{list(FORMS).index(form)}.csv"
    with plain.open() as source, path.open("w", newline="") as target:
        target.writelines(FORMS[form](line.rstrip("\n").split(",")) for line in source)
    return path


def ours(csv: str) -> Work:
    """What the training step calls to read its data."""
    from mnist_pipeline.mnist.data.dataset import read_csv_dataset

    def work() -> Any:
        dataset = read_csv_dataset(csv)
        return dataset.labels, dataset.images

    return work


def form(csv: str) -> Work:
    """The same for a form that may need pandas."""
    import pandas  # noqa: F401  # its start is not part of the work

    return ours(csv)


def sample(csv: str) -> Work:
    """What Microsoft's sample does before it trains: int64, float32 pixels, one-hot labels, a random split."""
    import numpy as np
    import pandas

    def work() -> Any:
        table = pandas.read_csv(csv, header=None).to_numpy()
        pixels = table[:, 1:].reshape(-1, 28, 28, 1).astype("float32") / 255
        targets = np.eye(10)[table[:, 0]]
        order = np.random.permutation(len(table))
        held_out, training = order[:12_000], order[12_000:]
        arrays = (pixels[training], targets[training], pixels[held_out], targets[held_out])
        return (table[:, 0], table[:, 1:]) if arrays else None

    return work


def loadtxt(csv: str) -> Work:
    """NumPy's text reader."""
    import numpy as np

    return lambda: split(np.loadtxt(csv, np.uint8, delimiter=","))


def pandas(csv: str) -> Work:
    """pandas, told that all values are bytes."""
    import pandas

    return lambda: split(pandas.read_csv(csv, header=None, dtype="uint8").to_numpy())


def polars(csv: str) -> Work:
    """The reader of polars, told that all values are bytes."""
    import polars

    schema = {f"column_{number + 1}": polars.UInt8 for number in range(1 + PIXELS)}
    return lambda: split(polars.read_csv(csv, has_header=False, schema=schema).to_numpy())


def pyarrow(csv: str) -> Work:
    """The reader of Apache Arrow, told that all values are bytes."""
    import numpy as np
    import pyarrow
    from pyarrow import csv as arrow_csv

    read = arrow_csv.ReadOptions(autogenerate_column_names=True)
    convert = arrow_csv.ConvertOptions(column_types={f"f{number}": pyarrow.uint8() for number in range(1 + PIXELS)})

    def work() -> Any:
        table = arrow_csv.read_csv(csv, read_options=read, convert_options=convert)
        return split(np.column_stack([column.to_numpy() for column in table.columns]))

    return work


def split(rows: Any) -> Any:
    """Labels, and pixels."""
    return rows[:, 0], rows[:, 1:]


def digest(arrays: Any) -> str:
    """The SHA-256 of labels and pixels as bytes, a thousand images at a time."""
    digest = hashlib.sha256()
    for array in arrays:
        for start in range(0, len(array), 1000):
            digest.update(array[start : start + 1000].astype("uint8").tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    programs: dict[str, Callable[..., Work]] = {
        "sample (pandas, one-hot, float32)": sample,
        "pandas, uint8": pandas,
        "numpy.loadtxt": loadtxt,
        "pyarrow": pyarrow,
        "polars": polars,
        "mnist_pipeline": ours,
    }
    serve(programs | dict.fromkeys(FORMS, form), digest)
