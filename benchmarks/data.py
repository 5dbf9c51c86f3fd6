"""The data that are measured on: Fashion-MNIST, and more of it by repetition."""

import gzip
import math
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
TEST_IMAGES = 10_000
PIXELS = 28 * 28


@dataclass(frozen=True)
class Settings:
    """What all stages are told.

    Attributes:
        data: Folder with the four IDX files of Fashion-MNIST, gzipped.
        scratch: Folder for what programs write.
        repeat: How many times each program runs.
        sizes: Numbers of images to show growth with.
    """

    data: Path
    scratch: Path
    repeat: int
    sizes: tuple[int, ...] = (10_000, 70_000, 1_000_000)


def unpacked(data: Path, folder: Path) -> Path:
    """Return a folder with the IDX files as the sample program has them, without gzip; made when first asked for."""
    if not folder.exists():
        folder.mkdir(parents=True)
        for packed in data.glob("*-ubyte.gz"):
            with gzip.open(packed) as source, (folder / packed.stem).open("wb") as target:
                shutil.copyfileobj(source, target)  # piece by piece: a child's peak memory begins with its parent's
    return folder


def repeated_idx(data: Path, folder: Path, images: int) -> Path:
    """Write gzipped IDX files of `images` training images, the test images over and over, and the test images.

    A gzip file may have several members: the images are compressed once and written as often as needed.
    """
    folder.mkdir(parents=True)
    for prefix, count in (("train", images), ("t10k", TEST_IMAGES)):
        for what, shape in (("images-idx3", (28, 28)), ("labels-idx1", ())):
            content = gzip.decompress((data / f"t10k-{what}-ubyte.gz").read_bytes())[8 + 4 * len(shape) :]
            size = math.prod(shape)
            header = struct.pack(f">{2 + len(shape)}I", 0x801 + len(shape), count, *shape)
            whole, rest = divmod(count, TEST_IMAGES)
            member = gzip.compress(content, 6)
            with (folder / f"{prefix}-{what}-ubyte.gz").open("wb") as stream:
                stream.write(gzip.compress(header))
                for _ in range(whole):
                    stream.write(member)
                stream.write(gzip.compress(content[: rest * size]))
    return folder


def csvs(settings: Settings) -> Path:
    """Return the folder with `mnist_train.csv` and, in `test/`, `mnist_test.csv`; made when first asked for."""
    import subprocess
    import sys

    folder = settings.scratch / "csv"
    if not folder.exists():
        program = "import sys; from mnist_pipeline.mnist.data.prep import prepare_data; prepare_data(*sys.argv[1:])"
        command = [sys.executable, "-c", program, settings.data, folder, folder / "test"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder
