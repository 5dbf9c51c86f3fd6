"""The data for the benchmarks: Fashion-MNIST, and larger data made by repeating it."""

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
    """The settings of all stages.

    Attributes:
        data: Folder with the four gzipped IDX files of Fashion-MNIST.
        scratch: Folder for the files that programs write.
        repeat: How often each program runs.
        sizes: Numbers of images for the stage growth.
    """

    data: Path
    scratch: Path
    repeat: int
    sizes: tuple[int, ...] = (10_000, 70_000, 1_000_000)


def unpacked(data: Path, folder: Path) -> Path:
    """Return a folder with the IDX files without gzip, as the sample program needs them; the first call makes it."""
    if not folder.exists():
        folder.mkdir(parents=True)
        for packed in data.glob("*-ubyte.gz"):
            with gzip.open(packed) as source, (folder / packed.stem).open("wb") as target:
                shutil.copyfileobj(source, target)  # in pieces: the parent's memory counts toward a child's peak
    return folder


def repeated_idx(data: Path, folder: Path, images: int) -> Path:
    """Write gzipped IDX files: as training data `images` images, which repeat the test images, and the test data.

    A gzip file may have several members, so the images are compressed once and written as often as needed.
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
    """Return the folder with `mnist_train.csv` and, in `test/`, `mnist_test.csv`; the first call makes it."""
    import subprocess
    import sys

    folder = settings.scratch / "csv"
    if not folder.exists():
        program = "import sys; from mnist_pipeline.mnist.data.prep import prepare_data; prepare_data(*sys.argv[1:])"
        command = [sys.executable, "-c", program, settings.data, folder, folder / "test"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder
