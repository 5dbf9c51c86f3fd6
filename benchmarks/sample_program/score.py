"""Baseline, stage 3: score `mnist_test.csv` with the saved network.

Microsoft's Keras sample for Azure ML, rewritten from its definition: pandas, `evaluate`, `predict` in Keras's
default batches of 32. Writes one predicted class per line and prints the accuracy.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import pandas as pd

HEIGHT = WIDTH = 28
N_CLASSES = 10


def main() -> None:
    """Parse the command line, read, evaluate, predict, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input_data", type=Path, required=True, help="folder of mnist_test.csv")
    parser.add_argument("--input_model", type=Path, required=True, help="folder of model.keras")
    parser.add_argument("--output_result", type=Path, required=True, help="folder for predict_result.csv")
    args = parser.parse_args()

    table = pd.read_csv(args.input_data / "mnist_test.csv", header=None).to_numpy()
    pixels = table[:, 1:].reshape(-1, HEIGHT, WIDTH, 1).astype("float32") / 255
    targets = keras.utils.to_categorical(table[:, 0], N_CLASSES)

    network = keras.models.load_model(args.input_model / "model.keras")
    _, accuracy = network.evaluate(pixels, targets, verbose=0)
    predicted = np.argmax(network.predict(pixels, verbose=0), axis=1)

    args.output_result.mkdir(parents=True, exist_ok=True)
    np.savetxt(args.output_result / "predict_result.csv", predicted, fmt="%d")
    print(f"accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
