"""The one evaluator: every form of test data, in bounded memory, with the same result for everybody who asks."""

import json
import subprocess
import sys

import numpy as np
import pytest
from idx_data import patterned, write_csv_of, write_idx
from PIL import Image
from sklearn.metrics import accuracy_score

from mnist_pipeline.errors import CsvError, DataError
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register
from mnist_pipeline.mnist.scoring.evaluation import evaluate
from mnist_pipeline.mnist.scoring.score import score, write_accuracy

FORMS = ("CSV", "IDX", "image folders")
CLASSES = ("north-west", "north-east", "south-west", "south-east")


def write(form, folder, images, labels, class_names=CLASSES):
    """Write images and labels as test data of a form; return the folder."""
    if form == "IDX":
        write_idx(folder, "test", images, labels)
    elif form == "CSV":
        write_csv_of(folder / "test.csv", images, labels)
    else:
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            (folder / class_names[label]).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / class_names[label] / f"{number:05}.png", compress_level=1)
    return folder


def classes_of(evaluation):
    """All predictions and all labels of an evaluation."""
    batches = list(evaluation.batches)
    return [np.concatenate(classes).tolist() for classes in zip(*batches, strict=True)]


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_test_data_is_evaluated_alike(pixel_model, pixel_data, tmp_path, form, batch):
    data = write(form, tmp_path, pixel_data.images, pixel_data.labels)

    evaluation = evaluate(pixel_model, data, batch)

    predictions, labels = classes_of(evaluation)
    if form == "image folders":  # in the order of their names: north-east first
        assert (labels, predictions) == ([1, 1, 1, 0, 0, 0, 3, 3], [1, 1, 0, 0, 0, 1, 2, 1])
    else:
        assert (labels, predictions) == (pixel_data.labels.tolist(), [0, 0, 1, 1, 1, 0, 2, 1])
    assert evaluation.card.accuracy == accuracy_score(labels, predictions) == 0.5
    likelihoods = pixel_model.probabilities(pixel_data.images)[range(8), pixel_data.labels]
    assert evaluation.card.loss == pytest.approx(-np.log(likelihoods).mean(), rel=1e-6)


@pytest.mark.usefixtures("mlflow_store")
def test_scoring_measuring_the_accuracy_and_facing_a_challenger_give_the_same_metrics(
    pixel_folder, pixel_csv, pixel_data, make_copy, tmp_path, capsys
):
    """The champion was registered with results on other data, so it is scored again on the challenger's."""
    other = write_csv_of(tmp_path / "other.csv", pixel_data.images[:3], pixel_data.labels[:3])
    score(other, pixel_folder, tmp_path / "champion")
    register(pixel_folder, tmp_path / "champion", None, "digits", Policy(min_accuracy=0))
    challenger = make_copy(pixel_folder, "challenger")

    score(pixel_csv, challenger, tmp_path / "scored")
    write_accuracy(pixel_csv, challenger, tmp_path / "accuracy")
    register(challenger, tmp_path / "scored", tmp_path, "digits", Policy(min_accuracy=0), pixel_csv)

    assert "scoring the champion, digits version 1" in capsys.readouterr().out
    metrics = json.loads((tmp_path / "scored/metrics.json").read_text())
    comparison = json.loads((tmp_path / "registration.json").read_text())["champion"]
    assert metrics["accuracy"] == 0.5
    assert (tmp_path / "accuracy/metrics.json").read_bytes() == (tmp_path / "scored/metrics.json").read_bytes()
    assert float((tmp_path / "accuracy/accuracy.txt").read_text()) == metrics["accuracy"]
    assert (comparison["champion_accuracy"], comparison["p_value"]) == (metrics["accuracy"], 1)
    assert (comparison["only_challenger"], comparison["only_champion"]) == (0, 0)


@pytest.mark.parametrize(
    ("shape", "finding"),
    [
        ((3, 3), "9 pixels, but the model was trained on images of 2 x 2; score it on data of the kind"),
        ((1, 4), "are 1 x 4, but the model was trained on images of 2 x 2"),
    ],
)
def test_images_of_another_size_are_refused_before_anything_is_yielded(pixel_model, tmp_path, shape, finding):
    write_idx(tmp_path, "test", np.zeros((1, *shape)), np.zeros(1))

    with pytest.raises(DataError, match=finding):
        evaluate(pixel_model, tmp_path)


def test_a_csv_with_lines_of_another_length_is_refused(pixel_model, tmp_path):
    csv = write_csv_of(tmp_path / "test.csv", np.zeros((2, 3, 3), int), np.zeros(2, int))

    with pytest.raises(CsvError, match="a line has 9 pixels, but an image of 2 x 2 has 4"):
        evaluate(pixel_model, csv)


def test_a_label_that_the_model_does_not_know_is_refused_when_it_is_reached(pixel_model, tmp_path):
    write_idx(tmp_path, "test", *patterned(5, 2, 2, 5))

    evaluation = evaluate(pixel_model, tmp_path, batch_images=2)

    with pytest.raises(DataError, match=r"contain the label 4, but the model knows only the labels 0\.\.3"):
        list(evaluation.batches)
    assert evaluation.card.n_images == 4


def test_classes_with_names_are_matched_by_name(pixel_model, pixel_data, tmp_path):
    names = ("south-east", "north-east", "north-west")
    write("image folders", tmp_path, pixel_data.images[:6], np.array([2, 2, 2, 1, 1, 1]), names)

    assert classes_of(evaluate(pixel_model, tmp_path))[1] == [1, 1, 1, 0, 0, 0]  # in the order of the folders' names


def test_test_data_with_a_class_that_the_model_does_not_know_are_refused(pixel_model, pixel_data, tmp_path):
    write("image folders", tmp_path, pixel_data.images[:3], range(3), ("north-west", "zenith", "nadir"))

    with pytest.raises(DataError, match="classes that the model does not know: nadir, zenith"):
        evaluate(pixel_model, tmp_path)


def test_a_model_without_class_names_numbers_its_classes(pixel_model, pixel_csv):
    assert evaluate(TrainedModel(pixel_model.network), pixel_csv).card.class_names == ("0", "1", "2", "3")


GROWTH = """
import re, sys
from pathlib import Path
import numpy as np
from mnist_pipeline.mnist.model.classifier import Classifier
from mnist_pipeline.mnist.scoring.evaluation import evaluate

class Corners(Classifier):
    # It finds the brightest corner.
    image_size, n_classes, class_names = (64, 64), 4, ()

    def _forward(self, images):
        return (images[:, ::63, ::63].reshape(-1, 4) + np.float32(1)) / 1024

def peak():  # of this program alone: the number in resource.getrusage includes the process that started it
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

def images_in(folder):
    evaluation = evaluate(Corners(), folder, 100)
    for predictions, labels in evaluation.batches:
        pass
    return evaluation.card.n_images

images_in(sys.argv[1])
before = peak()
print(images_in(sys.argv[2]), peak() - before)
"""


@pytest.mark.parametrize("form", FORMS)
def test_the_memory_of_an_evaluation_does_not_grow_with_the_number_of_images(tmp_path, form):
    few, many = 2400, 6600  # after the few, all threads have had their buffers
    image = np.tile(np.arange(8, dtype=np.uint8), (64, 8))
    labels = (np.arange(many) % 4).astype(np.uint8)
    for size in (few, many):
        if form == "CSV":
            line = ",".join(map(str, [0, *image.ravel().tolist()]))
            (tmp_path / str(size)).mkdir()
            (tmp_path / str(size) / "test.csv").write_text(f"{line}\n" * size)
        else:
            write(form, tmp_path / str(size), np.broadcast_to(image, (size, 64, 64)), labels[:size], "0123")
    command = [sys.executable, "-c", GROWTH, tmp_path / str(few), tmp_path / str(many)]

    finished = subprocess.run(command, capture_output=True, text=True, check=True)

    count, growth = map(int, finished.stdout.split())
    assert count == many
    assert growth < (many - few) * 64 * 64 / 4, "a quarter of the pixels of the further images"
