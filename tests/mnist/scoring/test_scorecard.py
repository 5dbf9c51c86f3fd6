"""Scoring batch by batch gives what scoring everything at once does."""

import json

import numpy as np
import pytest
from idx_data import patterned, write_csv_of

from mnist_pipeline.errors import CsvError
from mnist_pipeline.mnist.scoring.metrics import confusion_matrix
from mnist_pipeline.mnist.scoring.score import score
from mnist_pipeline.mnist.scoring.scorecard import Scorecard, cross_entropies


def random_scores(n, n_classes, digits=8):
    """Images of 1 x 2 pixels that say which they are, labels, and probabilities; with few digits many are equal."""
    rng = np.random.default_rng(0)
    images = np.arange(n, dtype=np.uint16).view(np.uint8).reshape(n, 1, 2)
    labels = rng.integers(0, n_classes, n).astype(np.uint8)
    return images, labels, rng.dirichlet(np.ones(n_classes), n).astype(np.float32).round(digits)


def card_of(images, labels, probabilities, batch):
    card = Scorecard(images.shape[1:], "abcd")
    for start in range(0, len(images), batch):
        part = slice(start, start + batch)
        card.add(images[part], labels[part], probabilities[part])
    return card


@pytest.mark.parametrize("batch", [1, 7, 300, 1000])
@pytest.mark.parametrize("digits", [8, 1], ids=["different", "many equally sure"])
def test_the_metrics_of_batches_are_those_of_all_at_once(batch, digits):
    images, labels, probabilities = random_scores(300, 4, digits)
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:25]

    card = card_of(images, labels, probabilities, batch)

    assert card.n_images == 300
    assert card.accuracy == (predictions == labels).mean()
    assert card.loss == pytest.approx(cross_entropies(probabilities, labels).mean(), rel=1e-12)
    assert card.counts.tolist() == confusion_matrix(labels, predictions, 4).tolist()
    assert np.array_equal(card.images, images[surest])
    assert np.array_equal(card.labels, labels[surest])
    assert np.array_equal(card.probabilities, probabilities[surest])


def test_adding_a_batch_tells_the_predictions():
    card = Scorecard((1, 2), "abc")

    predictions = card.add(*random_scores(5, 3))

    assert predictions.tolist() == random_scores(5, 3)[2].argmax(axis=1).tolist()


@pytest.mark.usefixtures("mlflow_store")
def test_a_test_set_of_many_batches_scores_like_one_of_a_single_batch(pixel_folder, tmp_path):
    images, labels = patterned(50, 2, 2, 4)
    csv = write_csv_of(tmp_path / "test.csv", images, labels)

    score(csv, pixel_folder, tmp_path / "one")
    score(csv, pixel_folder, tmp_path / "many", batch_images=7)

    for name in ("predict_result.csv", "labels.csv", "most_confident_mistakes.png", "confusion_matrix.png"):
        assert (tmp_path / "many" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    one, many = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("one", "many"))
    assert many.pop("loss") == pytest.approx(one.pop("loss"), rel=1e-12)
    assert many == one


@pytest.mark.usefixtures("mlflow_store")
def test_a_malformed_line_in_a_late_batch_leaves_old_results_as_they_were(pixel_folder, tmp_path):
    (tmp_path / "test.csv").write_text("1,0,0,0,255\n" * 30_000 + "1,0,0,0,256\n")  # more than is decoded at a time
    (tmp_path / "result").mkdir()
    (tmp_path / "result/metrics.json").write_text("old")

    with pytest.raises(CsvError, match=r"test\.csv: line 30001, column 5 is '256'"):
        score(tmp_path / "test.csv", pixel_folder, tmp_path / "result")

    assert [path.read_text() for path in (tmp_path / "result").iterdir()] == ["old"]
