"""One epoch of the sample's network on 48,000 images in batches of 256, from the first batch on.

Keras and PyTorch compute in float32; this package, with `network="sample"`, in the precision that suits the processor.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.data import Settings
from benchmarks.measurement import QUIET, Comparison, Program, Work, command_of, serve, take_turns

N_IMAGES = 48_000
BATCH_SIZE = 256  # the sample's; its own module imports TensorFlow, which PyTorch does not tolerate


def compare(settings: Settings) -> list[Comparison]:
    """Measure the three programs."""
    programs = [
        Program(name, command_of("benchmarks.epoch", name, settings.data), needs, QUIET)
        for name, needs in {"sample (Keras)": [], "PyTorch": ["torch"], "mnist_pipeline": []}.items()
    ]
    return [take_turns("one epoch of the sample's network", programs, settings.repeat, counted=N_IMAGES)]


def images_and_labels(data: str) -> tuple[Any, Any]:
    """Float32 pixels 0..1 of shape (n, 28, 28, 1) and labels."""
    from mnist_pipeline.mnist.data.dataset import read_dataset

    dataset = read_dataset(data, "train")
    return dataset.images[:N_IMAGES, ..., None].astype("float32") / 255, dataset.labels[:N_IMAGES]


def keras_epoch(data: str) -> Work:
    """Keras as the sample uses it."""
    import keras

    from benchmarks.sample_program.train import N_CLASSES, build_network

    pixels, labels = images_and_labels(data)
    targets = keras.utils.to_categorical(labels, N_CLASSES)
    network = build_network()
    return partial(network.fit, pixels, targets, batch_size=BATCH_SIZE, verbose=0)


def torch_epoch(data: str) -> Work:
    """The same layers and optimizer in PyTorch, channels first."""
    import numpy as np
    import torch
    from torch import nn

    pixels, labels = images_and_labels(data)
    images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    targets = torch.from_numpy(labels.astype(np.int64))
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(64, 128, 3), nn.ReLU(), nn.Dropout(0.4), nn.Flatten()),
        *(nn.Linear(128 * 3 * 3, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10)),
    )
    optimizer = torch.optim.Adam(network.parameters())
    loss_of = nn.CrossEntropyLoss()

    def epoch() -> None:
        for batch in torch.randperm(len(images)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss_of(network(images[batch]), targets[batch]).backward()
            optimizer.step()

    return epoch


def our_epoch(data: str) -> Work:
    """What the training component does with `network="sample"`."""
    from mnist_pipeline.mnist.data.dataset import Dataset, read_dataset
    from mnist_pipeline.mnist.training.fit import fit
    from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters

    dataset = read_dataset(data, "train")
    part = Dataset(dataset.images[:N_IMAGES], dataset.labels[:N_IMAGES])
    settings = Hyperparameters(network="sample", epochs=1, validation_split=0.0)
    return partial(fit, part, settings, log=lambda *_: None)


if __name__ == "__main__":
    programs: dict[str, Callable[..., Work]] = {
        "sample (Keras)": keras_epoch,
        "PyTorch": torch_epoch,
        "mnist_pipeline": our_epoch,
    }
    serve(programs)
