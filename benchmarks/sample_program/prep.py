"""Baseline, stage 1: convert the four IDX files to two label-first CSV files, one byte at a time.

Microsoft's Keras sample for Azure ML, rewritten from its definition. It is deliberately naive: this is what
`mnist_pipeline` is measured against, so it must not be improved.
"""

import argparse
import gzip
from pathlib import Path
from typing import BinaryIO, cast

IMAGE_HEADER_BYTES = 16  # IDX3: magic number, count, rows, columns; four bytes each
LABEL_HEADER_BYTES = 8  # IDX1: magic number, count
PIXELS = 28 * 28


def open_idx(folder: Path, name: str) -> BinaryIO:
    """Open an IDX file, or its `.gz` if only that is there."""
    plain = folder / name
    if plain.exists():
        return plain.open("rb")
    return cast(BinaryIO, gzip.open(folder / f"{name}.gz", "rb"))


def convert(folder: Path, image_name: str, label_name: str, csv_path: Path, n_images: int) -> None:
    """Write one line `label,pixel,...,pixel` per image."""
    rows = []
    with open_idx(folder, image_name) as images, open_idx(folder, label_name) as labels:
        images.read(IMAGE_HEADER_BYTES)
        labels.read(LABEL_HEADER_BYTES)
        for _ in range(n_images):
            row = [ord(labels.read(1))]
            for _ in range(PIXELS):
                row.append(ord(images.read(1)))
            rows.append(row)
    with csv_path.open("w") as csv:
        for row in rows:
            csv.write(",".join(str(value) for value in row) + "\n")


def main() -> None:
    """Parse the command line and convert both splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input_data", type=Path, required=True, help="folder of the four IDX files")
    parser.add_argument("--training_data", type=Path, required=True, help="folder for mnist_train.csv")
    parser.add_argument("--test_data", type=Path, required=True, help="folder for mnist_test.csv")
    args = parser.parse_args()

    for folder in (args.training_data, args.test_data):
        folder.mkdir(parents=True, exist_ok=True)
    convert(
        args.input_data,
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        args.training_data / "mnist_train.csv",
        60_000,
    )
    convert(
        args.input_data,
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
        args.test_data / "mnist_test.csv",
        10_000,
    )


if __name__ == "__main__":
    main()
