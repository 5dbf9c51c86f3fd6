"""Make the embedded sample: the first images of each class of Fashion-MNIST, in their original order.

python tools/make_sample.py /usr/share/datasets/fashion-mnist mnist_pipeline/mnist/data/sample/idx
"""

import argparse
import gzip
import struct
from pathlib import Path

import numpy as np

from mnist_pipeline.mnist.data.dataset import read_dataset
from mnist_pipeline.mnist.data.idx import UNSIGNED_BYTE, Split

IMAGES_PER_CLASS: dict[Split, int] = {"train": 500, "test": 100}
PREFIX: dict[Split, str] = {"train": "train", "test": "t10k"}


def main() -> None:
    """Read the arguments and write four `.gz` files; the same bytes every time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder with the IDX files of Fashion-MNIST")
    parser.add_argument("target", type=Path, help="folder for the sample")
    arguments = parser.parse_args()
    for split, count in IMAGES_PER_CLASS.items():
        dataset = read_dataset(arguments.source, split)
        chosen = np.sort(np.concatenate([np.flatnonzero(dataset.labels == label)[:count] for label in range(10)]))
        write_idx(arguments.target / f"{PREFIX[split]}-images-idx3-ubyte.gz", dataset.images[chosen])
        write_idx(arguments.target / f"{PREFIX[split]}-labels-idx1-ubyte.gz", dataset.labels[chosen])


def write_idx(path: Path, data: np.ndarray) -> None:
    """Write a uint8 array as gzip-compressed IDX, without a time stamp."""
    header = bytes([0, 0, UNSIGNED_BYTE, data.ndim]) + struct.pack(f">{data.ndim}I", *data.shape)
    path.write_bytes(gzip.compress(header + data.tobytes(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
