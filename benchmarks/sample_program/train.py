"""Baseline, stage 2: train the reference network (241,546 parameters) on `mnist_train.csv`.

Microsoft's Keras sample for Azure ML, rewritten from its definition: pandas, a random 80/20 split, one-hot labels,
float32 pixels, batches of 256, Adam. Saves `model.keras` and prints the seconds spent in `fit`, validation included.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd

HEIGHT = WIDTH = 28
N_CLASSES = 10
BATCH_SIZE = 256
VALIDATION_FRACTION = 0.2


def build_network() -> keras.Model:
    """Return the compiled reference network: (28, 28, 1) float32 in 0..1 to 10 softmax probabilities."""
    layers = keras.layers
    network = keras.Sequential(
        [
            layers.Input((HEIGHT, WIDTH, 1)),
            layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Dropout(0.4),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(N_CLASSES, activation="softmax"),
        ]
    )
    network.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return network


def main() -> None:
    """Parse the command line, read, split, fit, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input_data", type=Path, required=True, help="folder of mnist_train.csv")
    parser.add_argument("--output_model", type=Path, required=True, help="folder for model.keras")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    table = pd.read_csv(args.input_data / "mnist_train.csv", header=None).to_numpy()
    pixels = table[:, 1:].reshape(-1, HEIGHT, WIDTH, 1).astype("float32") / 255
    targets = keras.utils.to_categorical(table[:, 0], N_CLASSES)

    order = np.random.permutation(len(table))
    n_validation = int(len(table) * VALIDATION_FRACTION)
    validation, training = order[:n_validation], order[n_validation:]

    network = build_network()
    started = time.perf_counter()
    network.fit(
        pixels[training],
        targets[training],
        batch_size=BATCH_SIZE,
        epochs=args.epochs,
        validation_data=(pixels[validation], targets[validation]),
        verbose=2,
    )
    print(f"fit_seconds {time.perf_counter() - started:.2f}")

    args.output_model.mkdir(parents=True, exist_ok=True)
    network.save(args.output_model / "model.keras")


if __name__ == "__main__":
    main()
