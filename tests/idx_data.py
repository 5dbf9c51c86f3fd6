"""Test data in real formats: IDX files, the CSV made from them, and images that a small network can tell apart."""

import gzip
import hashlib
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np

PREFIX = {"train": "train", "test": "t10k"}


def idx_bytes(array: np.ndarray) -> bytes:
    """Return an array of unsigned bytes in the IDX format."""
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


def write_idx(folder: Path, split: str, images: np.ndarray, labels: np.ndarray, separator: str = "-", gz: bool = False):
    """Write images (n, height, width) and labels (n,) as the two IDX files of a split; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for what, array in (("images", images), ("labels", labels)):
        path = folder / f"{PREFIX[split]}-{what}{separator}idx{array.ndim}-ubyte{'.gz' if gz else ''}"
        content = idx_bytes(array)
        path.write_bytes(gzip.compress(content) if gz else content)
        paths.append(path)
    return tuple(paths)


def patterned(n: int, height: int, width: int, n_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy images (n, height, width) with a brighter row and column for each class, and their labels (n,)."""
    labels = np.arange(n) % n_classes
    images = np.random.default_rng(seed).integers(0, 100, (n, height, width))
    for image, label in zip(images, labels, strict=True):
        image[label % height] += 80
        image[:, label // height % width] += 70
    return images.astype(np.uint8), labels.astype(np.uint8)


def write_patterned_idx(folder: Path, height: int, width: int, n_classes: int, n_train: int = 48, n_test: int = 24):
    """Write patterned images as the IDX files of both splits; return `folder`."""
    write_idx(folder, "train", *patterned(n_train, height, width, n_classes, seed=1))
    write_idx(folder, "test", *patterned(n_test, height, width, n_classes, seed=2))
    return folder


def direct_csv_lines(images: Path, labels: Path) -> Iterator[bytes]:
    """Yield the lines of the CSV as the format defines them, byte by byte after the two headers."""
    image_bytes, label_bytes = (
        BytesIO(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
        for path in (images, labels)
    )
    _, n, height, width = struct.unpack(">4I", image_bytes.read(16))
    label_bytes.read(8)
    for _ in range(n):
        row = [ord(label_bytes.read(1))]
        for _ in range(height * width):
            row.append(ord(image_bytes.read(1)))
        yield (",".join(str(value) for value in row) + "\n").encode()


def direct_csv(images: Path, labels: Path) -> bytes:
    """Return the whole CSV of `direct_csv_lines`."""
    return b"".join(direct_csv_lines(images, labels))


def direct_csv_sha256(images: Path, labels: Path) -> str:
    """Return the SHA-256 of the CSV of `direct_csv_lines`, without holding the whole CSV in memory."""
    digest = hashlib.sha256()
    for line in direct_csv_lines(images, labels):
        digest.update(line)
    return digest.hexdigest()


def write_csv_of(path: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    """Write images and labels as a label-first CSV; return `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.column_stack([labels, images.reshape(len(images), -1)])
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows.tolist()))
    return path
