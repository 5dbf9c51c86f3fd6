import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from idx_data import write_csv_of
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support

from mnist_pipeline.errors import CsvError, DataError, ModelError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.registry.evidence import read_evidence
from mnist_pipeline.mnist.scoring.score import score, write_accuracy
from mnist_pipeline.mnist.scoring.scorecard import Scorecard

FILES = ["confusion_matrix.png", "labels.csv", "metrics.json", "most_confident_mistakes.png", "predict_result.csv"]


@dataclass(frozen=True)
class Scoring:
    """A finished scoring: its folder, and the MLflow client that knows its run."""

    folder: object
    client: object
    printed: str

    @property
    def metrics(self):
        """The content of metrics.json, read as strictly as JSON is defined."""
        return json.loads((self.folder / "metrics.json").read_text(), parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def scoring(pixel_csv, pixel_folder, session_store, tmp_path_factory):
    """`pixel_model` scored on `pixel_data`. Read it only."""
    import contextlib
    import io

    folder = tmp_path_factory.mktemp("scoring") / "result"
    with session_store() as client, contextlib.redirect_stdout(io.StringIO()) as printed:
        score(pixel_csv, pixel_folder, folder)
    return Scoring(folder, client, printed.getvalue())


@pytest.fixture(scope="module")
def predictions(scoring):
    """What was predicted in `scoring`."""
    return np.loadtxt(scoring.folder / "predict_result.csv", int)


def test_the_folder_holds_the_five_results_and_nothing_else(scoring):
    assert sorted(path.name for path in scoring.folder.iterdir()) == FILES


def test_predictions_are_integers_a_line_in_the_order_of_the_test_images(scoring):
    assert (scoring.folder / "predict_result.csv").read_bytes() == b"0\n0\n1\n1\n1\n0\n2\n1\n"


def test_labels_are_integers_a_line_in_the_same_order(scoring, pixel_data):
    assert (scoring.folder / "labels.csv").read_bytes() == b"0\n0\n0\n1\n1\n1\n3\n3\n"
    assert pixel_data.labels.tolist() == [0, 0, 0, 1, 1, 1, 3, 3]


def test_what_scoring_wrote_is_read_back_as_evidence(scoring):
    evidence = read_evidence(scoring.folder)

    assert evidence.accuracy == 0.5
    assert evidence.loss == scoring.metrics["loss"]
    assert evidence.recalls == (2 / 3, 2 / 3, None, 0.0)
    assert evidence.correct == (True, True, False, True, True, False, False, False)
    assert evidence.digests == scoring.metrics["digests"]


def cross_entropy(labels, probabilities):
    """scikit-learn's, which wants rows that sum to 1 in double precision."""
    exact = probabilities.astype(np.float64)
    return log_loss(labels, exact / exact.sum(axis=1, keepdims=True), labels=range(exact.shape[1]))


def test_accuracy_and_loss_are_those_of_scikit_learn(scoring, pixel_model, pixel_data, predictions):
    assert scoring.metrics["images"] == 8
    assert scoring.metrics["accuracy"] == accuracy_score(pixel_data.labels, predictions) == 0.5
    assert scoring.metrics["loss"] == pytest.approx(
        cross_entropy(pixel_data.labels, pixel_model.probabilities(pixel_data.images)), rel=1e-5
    )


def test_the_confusion_matrix_is_that_of_scikit_learn(scoring, pixel_data, predictions):
    expected = confusion_matrix(pixel_data.labels, predictions, labels=range(4))

    assert scoring.metrics["confusion_matrix"] == expected.tolist()


def test_metrics_by_class_are_those_of_scikit_learn_and_null_where_undefined(scoring, pixel_data, predictions):
    expected = precision_recall_fscore_support(pixel_data.labels, predictions, labels=range(4), zero_division=np.nan)
    classes = scoring.metrics["classes"]

    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [math.nan if entry[name] is None else entry[name] for entry in classes] == pytest.approx(
            values, nan_ok=True
        )
    assert [entry["label"] for entry in classes] == [0, 1, 2, 3]
    assert [entry["name"] for entry in classes] == ["north-west", "north-east", "south-west", "south-east"]
    assert classes[2]["recall"] is None, "no image shows class 2"
    assert classes[3]["precision"] is None, "class 3 was never predicted"


def card_of(probabilities, labels, class_names):
    """The card of images of a single pixel."""
    card = Scorecard((1, 1), class_names)
    card.add(np.zeros((len(labels), 1, 1), np.uint8), np.array(labels, np.uint8), np.array(probabilities, np.float32))
    return card


@pytest.mark.parametrize("seed", range(3))
def test_metrics_of_random_predictions_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 12, 300).astype(np.uint8)
    probabilities = rng.dirichlet(np.ones(13), 300).astype(np.float32)
    predictions = probabilities.argmax(axis=1)

    metrics = card_of(probabilities, labels, "abcdefghijklm").metrics

    assert metrics["accuracy"] == pytest.approx(accuracy_score(labels, predictions))
    assert metrics["loss"] == pytest.approx(cross_entropy(labels, probabilities), rel=1e-4)
    assert metrics["confusion_matrix"] == confusion_matrix(labels, predictions, labels=range(13)).tolist()
    f1 = precision_recall_fscore_support(labels, predictions, labels=range(13), zero_division=np.nan)[2]
    assert [entry["f1"] for entry in metrics["classes"]] == pytest.approx(f1.tolist())


def test_a_class_that_neither_occurs_nor_is_predicted_has_no_metrics():
    metrics = card_of([[1, 0]], [0], "ab").metrics

    assert metrics["classes"][0] == {"label": 0, "name": "a", "precision": 1, "recall": 1, "f1": 1, "support": 1}
    assert metrics["classes"][1] == {
        "label": 1,
        "name": "b",
        "precision": None,
        "recall": None,
        "f1": None,
        "support": 0,
    }


def test_a_prediction_that_is_surely_wrong_costs_a_finite_loss():
    card = card_of([[1, 0], [0, 1]], [1, 1], "ab")

    assert card.loss == pytest.approx(-math.log(1e-7) / 2, rel=1e-6)


def test_the_metrics_of_a_network_that_diverged_are_still_json():
    card = card_of(np.full((2, 2), np.nan), [0, 1], "ab")

    text = json.dumps(card.metrics, allow_nan=False)

    assert json.loads(text)["loss"] is None


def test_the_digests_are_those_of_the_files(scoring, pixel_csv, pixel_folder):
    assert scoring.metrics["schema_version"] == 2
    assert scoring.metrics["digests"] == {
        "test_data": sha256_of(pixel_csv),
        "model": sha256_of(pixel_folder),
        "predictions": sha256_of(scoring.folder / "predict_result.csv"),
        "labels": sha256_of(scoring.folder / "labels.csv"),
    }


@pytest.mark.parametrize("name", ["confusion_matrix.png", "most_confident_mistakes.png"])
def test_the_pictures_are_pictures(scoring, name):
    with Image.open(scoring.folder / name) as picture:
        assert picture.format == "PNG"
        assert np.unique(np.asarray(picture.convert("L"))).size > 10, "a picture of one color"


def test_mlflow_has_each_metric_once_under_the_name_of_microsofts_sample(scoring, only_run):
    run = only_run(scoring.client)

    assert run.data.metrics == {"Final test accuracy": 0.5, "Final test loss": pytest.approx(scoring.metrics["loss"])}
    assert sorted(artifact.path for artifact in scoring.client.list_artifacts(run.info.run_id)) == FILES


def test_the_run_names_the_test_data_by_their_digest(scoring, pixel_csv, only_run):
    run = only_run(scoring.client)

    digest = sha256_of(pixel_csv)
    assert run.data.params == {"test_images": "8", "test_data_sha256": digest}
    (logged,) = run.inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == ("test_data", digest[:12])
    assert json.loads(logged.dataset.profile) == {"num_rows": 8}
    assert {tag.key: tag.value for tag in logged.tags} == {"mlflow.data.context": "testing", "sha256": digest}


def test_the_metrics_are_printed(scoring):
    assert "accuracy 0.5000, loss " in scoring.printed
    assert "on 8 images" in scoring.printed


@pytest.mark.usefixtures("mlflow_store")
def test_a_folder_with_the_csv_scores_like_the_csv(scoring, pixel_csv, pixel_folder, tmp_path):
    score(str(pixel_csv.parent), str(pixel_folder), str(tmp_path / "result"))

    for name in ("predict_result.csv", "labels.csv", "metrics.json"):
        assert (tmp_path / "result" / name).read_bytes() == (scoring.folder / name).read_bytes()


@pytest.mark.usefixtures("mlflow_store")
def test_test_images_of_another_size_are_refused_and_nothing_is_written(pixel_folder, tmp_path):
    csv = write_csv_of(tmp_path / "test.csv", np.zeros((2, 3, 3), int), np.zeros(2, int))

    with pytest.raises(DataError, match=r"9 pixels, .* 2 x 2"):
        score(csv, pixel_folder, tmp_path / "result")

    assert not (tmp_path / "result").exists()


@pytest.mark.usefixtures("mlflow_store")
def test_a_label_that_the_model_does_not_know_is_refused_and_old_results_stay(pixel_folder, tmp_path):
    csv = write_csv_of(tmp_path / "test.csv", np.zeros((2, 2, 2), int), np.array([3, 4]))
    (tmp_path / "result").mkdir()
    (tmp_path / "result/metrics.json").write_text("old")

    with pytest.raises(DataError, match=r"contain the label 4, but the model knows only the labels 0\.\.3"):
        score(csv, pixel_folder, tmp_path / "result")

    assert [path.read_text() for path in (tmp_path / "result").iterdir()] == ["old"]


@pytest.mark.usefixtures("mlflow_store")
def test_a_missing_model_or_csv_is_named(pixel_csv, pixel_folder, tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such folder"):
        score(pixel_csv, tmp_path / "nowhere", tmp_path / "result")
    with pytest.raises(CsvError, match="nowhere: no such file or folder"):
        score(tmp_path / "nowhere", pixel_folder, tmp_path / "result")

    assert not (tmp_path / "result").exists()


def test_the_accuracy_is_a_decimal_number_in_a_text_file_with_its_evidence_beside_it(
    scoring, pixel_csv, pixel_folder, mlflow_store, only_run, tmp_path
):
    write_accuracy(pixel_csv, pixel_folder, tmp_path / "accuracy")

    evidence = ["labels.csv", "metrics.json", "predict_result.csv"]
    assert sorted(path.name for path in (tmp_path / "accuracy").iterdir()) == ["accuracy.txt", *evidence]
    assert (tmp_path / "accuracy/accuracy.txt").read_text() == "0.5\n"
    for name in evidence:
        assert (tmp_path / "accuracy" / name).read_bytes() == (scoring.folder / name).read_bytes()
    assert read_evidence(tmp_path / "accuracy") == read_evidence(scoring.folder)
    data = only_run(mlflow_store).data
    assert data.metrics == {"Final test accuracy": 0.5, "Final test loss": pytest.approx(scoring.metrics["loss"])}
    assert data.params == {"test_images": "8", "test_data_sha256": sha256_of(pixel_csv)}


@pytest.mark.usefixtures("mlflow_store")
def test_an_accuracy_that_cannot_be_found_out_is_not_written(pixel_csv, pixel_folder, tmp_path):
    unknown = write_csv_of(tmp_path / "test.csv", np.zeros((1, 2, 2), int), np.array([4]))

    with pytest.raises(DataError, match="contain the label 4"):
        write_accuracy(unknown, pixel_folder, tmp_path / "accuracy")
    with pytest.raises(ModelError, match="nowhere: no such folder"):
        write_accuracy(pixel_csv, tmp_path / "nowhere", tmp_path / "accuracy")

    assert not (tmp_path / "accuracy").exists()


@pytest.mark.usefixtures("mlflow_store")
def test_a_test_set_without_mistakes_is_drawn_too(pixel_folder, pixel_data, tmp_path):
    csv = write_csv_of(tmp_path / "test.csv", pixel_data.images[:2], pixel_data.labels[:2])

    score(csv, pixel_folder, tmp_path / "result")

    with Image.open(tmp_path / "result/most_confident_mistakes.png") as picture:
        assert picture.format == "PNG"
