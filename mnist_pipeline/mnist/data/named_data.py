"""Data by name: the embedded sample, Fashion-MNIST, or any folder.

Fashion-MNIST: Xiao, Rasul, Vollgraf, https://github.com/zalandoresearch/fashion-mnist, MIT licence.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path

from mnist_pipeline.errors import DataError, DownloadError, IdxError
from mnist_pipeline.mnist.data.idx import find_pair, find_splits
from mnist_pipeline.mnist.data.sample import sample_folder

SAMPLE = "sample"
FASHION_MNIST = "fashion-mnist"
NAMES = (SAMPLE, FASHION_MNIST)

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
# SHA-256 of the files as their authors publish them.
FASHION_MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
FASHION_MNIST_URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package dataset-fashion-mnist installs it


@dataclass(frozen=True)
class NamedData:
    """A folder of IDX files and the names of its classes.

    Attributes:
        folder: Holds the four IDX files; their headers and labels have been checked.
        class_names: A name for each class; empty if they are unknown.
    """

    folder: Path
    class_names: tuple[str, ...] = ()


def fetch_data(name: str) -> NamedData:
    """Return the data called `sample` or `fashion-mnist`, or those in the folder `name`; download them if necessary.

    Raises:
        DownloadError: Fashion-MNIST is not on this machine and cannot be downloaded.
        IdxError: `name` is neither a known name nor a folder, a file is missing or malformed, or the two splits do not
            belong to each other.
    """
    if name == SAMPLE:
        data = NamedData(sample_folder(), FASHION_MNIST_CLASSES)
    elif name == FASHION_MNIST:
        installed = all((DEBIAN_FOLDER / file).is_file() for file in FASHION_MNIST_FILES)
        data = NamedData(DEBIAN_FOLDER if installed else download_fashion_mnist(), FASHION_MNIST_CLASSES)
    else:
        data = NamedData(Path(name).expanduser())
        if not data.folder.exists():
            raise _not_there(name, data.folder)
    find_splits(data.folder)
    return data


def _not_there(name: str, folder: Path) -> IdxError:
    close = difflib.get_close_matches(folder.name.lower().replace("_", "-"), NAMES, n=1)
    meant = f"; did you mean {close[0]}?" if close else "."
    return IdxError(f"{name}: no such folder; give a folder with four IDX files, or {' or '.join(NAMES)}{meant}")


def name_classes(data: NamedData, class_names: tuple[str, ...]) -> NamedData:
    """Return the data with other names for their classes, checked against the labels.

    Args:
        data: IDX files.
        class_names: A name for each class from label 0 on; at least as many as there are labels.

    Raises:
        DataError: a label has no name.
        IdxError: a file of labels is damaged.
    """
    _, labels = find_pair(data.folder, "train")  # the test images have no other labels
    highest = max(labels.values())
    if highest >= len(class_names):
        raise DataError(
            f"{labels.path}: holds the label {highest}, but the class names end at label {len(class_names) - 1}; "
            "name every class from label 0 on (class_names)."
        )
    return NamedData(data.folder, class_names)


def download_fashion_mnist(cache: Path | None = None, url: str = FASHION_MNIST_URL) -> Path:
    """Download the four files into the user's cache, check their digests, and return their folder.

    Files that are in the cache with the right digest are not downloaded again.

    Args:
        cache: Where to keep them; the user's cache folder when None.
        url: Where to download them from, with a slash at the end.

    Raises:
        DownloadError: a file cannot be downloaded, or is not the published one.
    """
    import pooch
    import requests

    folder = cache or Path(pooch.os_cache("mnist-pipeline")) / FASHION_MNIST
    fetcher = pooch.create(path=folder, base_url=url, registry=FASHION_MNIST_FILES)
    for file in FASHION_MNIST_FILES:
        try:
            fetcher.fetch(file)
        except (requests.RequestException, OSError) as error:
            raise DownloadError(
                f"{url}{file} cannot be downloaded ({type(error).__name__}); check the connection, or install Debian's "
                "package dataset-fashion-mnist, or give a folder with the four files."
            ) from error
        except ValueError as error:  # pooch: the digest differs
            raise DownloadError(
                f"{url}{file}: not the published file, its SHA-256 differs; try again later."
            ) from error
    return folder
