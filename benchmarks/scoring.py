"""Scoring 10,000 test images with the sample's network: the network alone, and the whole process."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.data import TEST_IMAGES, Settings, csvs
from benchmarks.measurement import QUIET, Comparison, Program, Work, command_of, serve, take_turns

SAMPLE_PROGRAM = Path(__file__).parent / "sample_program"
EXPERIMENT = "benchmarks"
PASSES = 3


def compare(settings: Settings) -> list[Comparison]:
    """Measure the network's speed once it is warm, and both programs from start to end."""
    csv = csvs(settings) / "test"
    models = trained(settings)
    warm = [
        Program(name, command_of("benchmarks.scoring", name, models, csv / "mnist_test.csv"), environment=QUIET)
        for name in (
            "predict, batch 32 (sample)",
            "predict, batch 1000",
            "tf.function",
            "ONNX Runtime, batch 500",
            "mnist_pipeline",
        )
    ]
    return [
        take_turns(f"scoring, warm ({PASSES} passes)", warm, settings.repeat, counted=PASSES * TEST_IMAGES),
        take_turns(
            "scoring, whole process",
            whole_processes(csv, models, settings.scratch),
            settings.repeat,
            counted=TEST_IMAGES,
        ),
    ]


def whole_processes(csv: Path, models: Path, scratch: Path) -> list[Program]:
    """The sample's script and ours, each with the model in its own format; ours logs to an MLflow store that exists."""

    def command(name: str, model: str) -> list[str]:
        folders = ["--input_model", str(models / model), "--output_result", str(scratch / f"{model}_result")]
        return [sys.executable, "-m", "benchmarks.scoring", name, "--input_data", str(csv), *folders]

    return [
        Program("sample", command("sample process", "sample"), environment=QUIET),
        Program("mnist_pipeline", command("our process", "ours"), environment=QUIET | tracking(models)),
    ]


def tracking(models: Path) -> dict[str, str]:
    """The variables by which a process logs to the MLflow store in the models' folder, as a job's or the runner's."""
    return {"MLFLOW_TRACKING_URI": f"sqlite:///{models}/mlflow.db", "MLFLOW_EXPERIMENT_NAME": EXPERIMENT}


def trained(settings: Settings) -> Path:
    """Return a folder with the sample's network, briefly trained, as `sample/` and `ours/`, each in its own format."""
    folder = settings.scratch / "models"
    if not folder.exists():
        command = [sys.executable, "-m", "benchmarks.scoring", "train", str(folder), str(csvs(settings))]
        subprocess.run(command, check=True, env=os.environ | QUIET, stdout=subprocess.DEVNULL)
    return folder


def train(folder: Path, csv: Path) -> None:
    """Train the sample's network on 6,000 images, and save it with and without the division by 255."""
    import keras
    import mlflow

    from benchmarks.sample_program.train import build_network
    from mnist_pipeline.mnist.data.dataset import read_csv_dataset
    from mnist_pipeline.mnist.model.classifier import TrainedModel
    from mnist_pipeline.mnist.model.model_folder import save_model

    dataset = read_csv_dataset(csv)
    pixels = dataset.images[:6000, ..., None].astype("float32") / 255
    network = build_network()
    network.fit(pixels, keras.utils.to_categorical(dataset.labels[:6000], 10), batch_size=256, epochs=2, verbose=0)
    (folder / "sample").mkdir(parents=True)
    network.save(folder / "sample/model.keras")
    scaled = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), *network.layers])
    save_model(TrainedModel(scaled), folder / "ours", dataset.images[:2])
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.create_experiment(EXPERIMENT, artifact_location=(folder / "artifacts").as_uri())


def predict(batch: int) -> Callable[[str, str], Work]:
    """Keras's `predict` in batches of a size."""

    def program(models: str, csv: str) -> Work:
        import keras

        network = keras.models.load_model(f"{models}/ours/data/model.keras", compile=False)
        pixels = images_of(csv)[..., None].astype("float32")
        return warm(lambda: network.predict(pixels, batch_size=batch, verbose=0))

    return program


def tensorflow_graph(models: str, csv: str) -> Work:
    """What this package does where a model folder has no ONNX file: TensorFlow's graph, in batches."""
    import keras

    from mnist_pipeline.mnist.model.classifier import TrainedModel

    model = TrainedModel(keras.models.load_model(f"{models}/ours/data/model.keras", compile=False))
    images = images_of(csv)
    return warm(lambda: model.probabilities(images))


def ours(models: str, csv: str) -> Work:
    """What the scoring step calls."""
    from mnist_pipeline.mnist.model.model_folder import load_model

    model, images = load_model(f"{models}/ours"), images_of(csv)
    return warm(lambda: model.probabilities(images))


def onnx_runtime(models: str, csv: str) -> Work:
    """ONNX Runtime with its own settings, in batches of 500."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(f"{models}/ours/data/model.onnx", providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    pixels = images_of(csv)[..., None].astype("float32")
    starts = range(0, len(pixels), 500)
    return warm(
        lambda: np.concatenate([session.run(None, {taken.name: pixels[start : start + 500]})[0] for start in starts])
    )


def images_of(csv: str) -> Any:
    """The images of a CSV."""
    from mnist_pipeline.mnist.data.dataset import read_csv_dataset

    return read_csv_dataset(csv).images


def warm(one_pass: Work) -> Work:
    """Make the first pass, which also compiles; return the passes after it."""
    one_pass()
    return lambda: [one_pass() for _ in range(PASSES)][-1]


def digest(probabilities: Any) -> str:
    """The SHA-256 of the predicted classes."""
    return hashlib.sha256(probabilities.argmax(axis=1).astype("uint8").tobytes()).hexdigest()


def whole(name: str) -> None:
    """Be one of the two scoring processes, from `python` to its end; say only how much memory it took."""
    import json
    import resource
    import runpy

    sys.argv = [name, *sys.argv[2:]]
    if name == "sample process":
        runpy.run_path(str(SAMPLE_PROGRAM / "score.py"), run_name="__main__")
    else:
        runpy.run_module("mnist_pipeline.components.score_script", run_name="__main__")
    print(json.dumps({"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1].endswith("process"):
        whole(sys.argv[1])
    else:
        programs: dict[str, Callable[..., Work]] = {
            "predict, batch 32 (sample)": predict(32),
            "predict, batch 1000": predict(1000),
            "tf.function": tensorflow_graph,
            "ONNX Runtime, batch 500": onnx_runtime,
            "mnist_pipeline": ours,
        }
        serve(programs, digest)
