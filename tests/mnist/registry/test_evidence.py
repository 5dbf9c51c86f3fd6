import hashlib
import json
import re

import numpy as np
import pytest

from mnist_pipeline.errors import MetricsError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.registry.evidence import read_evidence
from mnist_pipeline.mnist.registry.promotion import Evidence
from mnist_pipeline.mnist.scoring.metrics import confusion_matrix, metrics_of

NAMES = ("bag", "coat", "sandal")
MODEL, TEST_DATA = hashlib.sha256(b"model").hexdigest(), hashlib.sha256(b"test data").hexdigest()


class Scored:
    """A folder that scoring wrote: eight images of two of three classes, of which six are recognised."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        labels = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.uint8)
        predictions = np.array([0, 0, 0, 2, 1, 1, 1, 0])
        self.write("labels.csv", "".join(f"{label}\n" for label in labels))
        self.write("predict_result.csv", "".join(f"{prediction}\n" for prediction in predictions))
        digests = {
            "test_data": TEST_DATA,
            "model": MODEL,
            "predictions": sha256_of(folder / "predict_result.csv"),
            "labels": sha256_of(folder / "labels.csv"),
        }
        metrics = metrics_of(confusion_matrix(labels, predictions, len(NAMES)), 0.625, NAMES)
        self.write("metrics.json", json.dumps(metrics | {"digests": digests}, indent=2) + "\n")

    @property
    def metrics(self):
        return json.loads((self.folder / "metrics.json").read_text())

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def change(self, place, value):
        """Put a value into metrics.json, at a place such as `classes.0.recall`."""
        content = self.metrics
        *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        target = content
        for part in path:
            target = target[part]
        target[last] = value
        self.write("metrics.json", json.dumps(content))

    def remove(self, place):
        """Remove an entry from metrics.json."""
        content = self.metrics
        *path, last = place.split(".")
        target = content
        for part in path:
            target = target[part]
        del target[last]
        self.write("metrics.json", json.dumps(content))

    def forge(self, name, text):
        """Rewrite a file of classes together with its digest."""
        self.write(name, text)
        digest = {"predict_result.csv": "predictions", "labels.csv": "labels"}[name]
        self.change(f"digests.{digest}", sha256_of(self.folder / name))

    def refusal(self, file="metrics.json"):
        """The sentence with which the folder is refused, without the file that it must name first."""
        with pytest.raises(MetricsError) as raised:
            read_evidence(self.folder)
        said = str(raised.value)
        assert said.startswith(f"{self.folder / file}: ")
        assert "\n" not in said
        return said.removeprefix(f"{self.folder / file}: ")


@pytest.fixture
def scored(tmp_path):
    return Scored(tmp_path / "result")


# What scoring wrote


@pytest.mark.parametrize("path", [".", "metrics.json"], ids=["folder", "file"])
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["text", "path"])
def test_a_folder_that_scoring_wrote_is_evidence(scored, path, kind):
    assert read_evidence(kind(scored.folder / path)) == Evidence(
        accuracy=0.75,
        loss=0.625,
        recalls=(0.75, 0.75, None),
        correct=(True, True, True, False, True, True, True, False),
        digests={
            "test_data": TEST_DATA,
            "model": MODEL,
            "predictions": hashlib.sha256(b"0\n0\n0\n2\n1\n1\n1\n0\n").hexdigest(),
            "labels": hashlib.sha256(b"0\n0\n0\n0\n1\n1\n1\n1\n").hexdigest(),
        },
    )


def test_what_is_read_has_the_types_that_are_promised(scored):
    evidence = read_evidence(scored.folder)

    assert type(evidence.accuracy) is float
    assert {type(recall) for recall in evidence.recalls} == {float, type(None)}
    assert {type(image) for image in evidence.correct} == {bool}


def test_metrics_json_counts_and_an_accuracy_beside_it_does_not(scored):
    scored.write("accuracy.txt", "1.0")

    assert read_evidence(scored.folder).accuracy == 0.75


def test_a_model_of_256_classes_is_read(tmp_path):
    labels = np.arange(256, dtype=np.uint8)
    scored = Scored(tmp_path / "result")
    scored.forge("labels.csv", "".join(f"{label}\n" for label in labels))
    scored.forge("predict_result.csv", "".join(f"{label}\n" for label in labels))
    metrics = metrics_of(confusion_matrix(labels, labels, 256), 0.0, [str(label) for label in labels])
    scored.write("metrics.json", json.dumps(scored.metrics | metrics))

    assert read_evidence(scored.folder).recalls == (1.0,) * 256


# Files that are missing or no such files


@pytest.mark.parametrize("path", [".", "nowhere"])
def test_a_place_without_results_is_named(tmp_path, path):
    finding = f"{tmp_path / path}: has neither metrics.json nor accuracy.txt; give the folder that scoring wrote."
    with pytest.raises(MetricsError, match=f"^{re.escape(finding)}$"):
        read_evidence(tmp_path / path)


@pytest.mark.parametrize("name", ["predict_result.csv", "labels.csv"])
def test_a_missing_file_of_classes_is_named(scored, name):
    (scored.folder / name).unlink()

    assert scored.refusal(name) == "missing; give the whole folder that scoring wrote."


@pytest.mark.parametrize("name", ["predict_result.csv", "labels.csv"])
def test_a_file_of_classes_that_cannot_be_read_is_named(scored, name):
    (scored.folder / name).unlink()
    (scored.folder / name).mkdir()

    assert scored.refusal(name).startswith("cannot be read (")


@pytest.mark.parametrize("rest", [("predict_result.csv", "labels.csv"), ("predict_result.csv",), ("labels.csv",)])
def test_an_accuracy_beside_the_rest_of_a_folder_without_metrics_json_is_not_enough(scored, rest):
    scored.write("accuracy.txt", "0.75")
    for name in {"metrics.json", "predict_result.csv", "labels.csv"} - set(rest):
        (scored.folder / name).unlink()

    assert scored.refusal() == "missing; give the whole folder that scoring wrote."


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        pytest.param(b"", "not JSON (", id="empty"),
        pytest.param(b'{"accuracy": 0.9', "not JSON (", id="cut off"),
        pytest.param(b'{"accuracy": ' + b"9" * 5000 + b"}", "not JSON (", id="a huge integer"),
        pytest.param(b"[" * 100_000, "not JSON (", id="deeply nested"),
        pytest.param(b"\xff\xfe\x00", "cannot be read (", id="not text"),
        pytest.param(b"[0.9]", "not a metrics file of schema version 2; ", id="a list"),
        pytest.param(b"null", "not a metrics file of schema version 2; ", id="null"),
        pytest.param(b'"schema_version"', "not a metrics file of schema version 2; ", id="text"),
        pytest.param(b'{"accuracy": 0.9}', "not a metrics file of schema version 2; ", id="no schema version"),
    ],
)
def test_a_file_that_is_no_metrics_file_is_refused(scored, content, finding):
    (scored.folder / "metrics.json").write_bytes(content)

    said = scored.refusal()

    assert said.startswith(finding)
    assert said.endswith("score the model again.")


@pytest.mark.parametrize(
    "version", [1, 3, 0, -2, 2.0, True, False, None, "2", "", [2], {}, 10**400, float("nan")], ids=str
)
def test_another_schema_version_is_refused(scored, version):
    scored.change("schema_version", version)

    assert scored.refusal() == "not a metrics file of schema version 2; score the model again."


# Files of classes


@pytest.mark.parametrize("name", ["predict_result.csv", "labels.csv"])
@pytest.mark.parametrize(
    "text",
    ["0\n0\n0\n0\n1\n1\n1\n0\n", "0\n0\n0\n2\n1\n1\n1\n0", "0\r\n" * 8, "", " 0\n0\n0\n2\n1\n1\n1\n0\n"],
    ids=["another class", "no last line feed", "other line feeds", "empty", "a space"],
)
def test_a_file_of_classes_that_was_changed_is_refused(scored, name, text):
    assert (scored.folder / name).read_text() != text
    scored.write(name, text)

    assert scored.refusal(name) == "was changed after scoring (its SHA-256 is not the recorded one); score again."


@pytest.mark.parametrize("name", ["predict_result.csv", "labels.csv"])
@pytest.mark.parametrize(
    "line",
    ["", "one", "1.0", "1,1", "-1", "256", "9" * 30, "9" * 5000, "nan", "0x1", "\u00e9"],
    ids=lambda line: line[:9],
)
def test_a_line_that_is_no_class_is_refused(scored, name, line):
    scored.forge(name, f"0\n0\n0\n{line}\n1\n1\n1\n1\n")

    said = scored.refusal(name)

    assert said.startswith("not one class, 0 to 255, per line (")
    assert said.endswith("; score the model again.")


@pytest.mark.parametrize(
    ("name", "lines", "finding"),
    [
        ("predict_result.csv", 7, "predict_result.csv has 7 predictions and labels.csv has 8 labels"),
        ("predict_result.csv", 9, "predict_result.csv has 9 predictions and labels.csv has 8 labels"),
        ("labels.csv", 1, "predict_result.csv has 8 predictions and labels.csv has 1 labels"),
        ("labels.csv", 0, "predict_result.csv has 8 predictions and labels.csv has 0 labels"),
    ],
)
def test_predictions_and_labels_of_different_length_are_refused(scored, name, lines, finding):
    scored.forge(name, "0\n" * lines)

    assert scored.refusal("") == f"{finding}; there must be one of each per image, so score the model again."


def test_results_of_no_images_are_refused(scored):
    scored.forge("predict_result.csv", "")
    scored.forge("labels.csv", "")

    assert scored.refusal("").startswith(
        "predict_result.csv has 0 predictions and labels.csv has 0 labels; there must be"
    )


@pytest.mark.parametrize("name", ["predict_result.csv", "labels.csv"])
@pytest.mark.parametrize("beyond", [3, 255])
def test_a_class_beyond_those_that_are_named_is_refused(scored, name, beyond):
    scored.forge(name, f"0\n0\n0\n2\n1\n1\n1\n{beyond}\n")

    assert (
        scored.refusal()
        == f"names 3 classes, but there are labels or predictions of class {beyond}; score the model again."
    )


@pytest.mark.parametrize("name", ["predict_result.csv", "labels.csv"])
def test_another_class_is_noticed_even_with_its_digest(scored, name):
    text = (scored.folder / name).read_text()
    scored.forge(name, text[:-2] + "2\n")

    assert scored.refusal().startswith("classes does not follow from predict_result.csv and labels.csv beside it")


# Digests


@pytest.mark.parametrize("name", ["test_data", "model", "predictions", "labels"])
@pytest.mark.parametrize(
    "digest", [None, "", "ab", 1, True, ["0" * 64], "g" * 64, "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"], ids=str
)
def test_a_digest_that_is_none_is_refused(scored, name, digest):
    scored.change(f"digests.{name}", digest)

    assert scored.refusal() == (
        "digests does not hold the SHA-256 of test_data, model, predictions and labels; score the model again."
    )


@pytest.mark.parametrize("name", ["test_data", "model", "predictions", "labels"])
def test_a_missing_digest_is_refused(scored, name):
    scored.remove(f"digests.{name}")

    assert scored.refusal().startswith("digests does not hold the SHA-256 of ")


@pytest.mark.parametrize("digests", [None, "ab", [], {}, 1, True, float("nan")], ids=str)
def test_digests_of_another_type_are_refused(scored, digests):
    scored.change("digests", digests)

    assert scored.refusal().startswith("digests does not hold the SHA-256 of ")


def test_a_digest_of_something_unknown_is_refused(scored):
    scored.change("digests.weather", "0" * 64)

    assert scored.refusal().startswith("digests does not hold the SHA-256 of ")


def test_missing_digests_are_refused(scored):
    scored.remove("digests")

    assert scored.refusal().startswith("digests does not hold the SHA-256 of ")


@pytest.mark.parametrize(("digest", "file"), [("predictions", "predict_result.csv"), ("labels", "labels.csv")])
def test_another_digest_is_refused(scored, digest, file):
    scored.change(f"digests.{digest}", "0" * 64)

    assert scored.refusal(file).startswith("was changed after scoring (its SHA-256 is not the recorded one)")


# Metrics


@pytest.mark.parametrize(
    "accuracy",
    [float("nan"), float("inf"), float("-inf"), -0.1, 75, 10**400, "0.75", True, None, [0.75]],  # JSON's dialect: NaN
    ids=lambda value: str(value)[:9],
)
def test_an_accuracy_that_makes_no_sense_does_not_follow_from_the_predictions(scored, accuracy):
    scored.change("accuracy", accuracy)

    assert scored.refusal() == (
        "accuracy does not follow from predict_result.csv and labels.csv beside it; score the model again."
    )


@pytest.mark.parametrize(
    "loss",
    [None, float("nan"), float("inf"), float("-inf"), -0.1, 10**400, "0.5", True, [0.5]],
    ids=lambda value: str(value)[:9],
)
def test_a_loss_that_makes_no_sense_is_refused(scored, loss):
    scored.change("loss", loss)

    said = "nan" if loss is None else repr(loss)  # scoring writes null for a loss that is not finite
    assert scored.refusal() == (
        f"the loss is {said}, not a number of at least 0; a network that diverged must be trained again."
    )


def test_a_number_beyond_all_floats_is_no_loss(scored):
    content = (scored.folder / "metrics.json").read_text()
    scored.write("metrics.json", content.replace("0.625", "1e999"))

    assert scored.refusal().startswith("the loss is inf, not a number of at least 0")


@pytest.mark.parametrize("loss", [0, 0.0, 3, 1.7e308])
def test_the_loss_is_taken_as_it_is(scored, loss):
    scored.change("loss", loss)

    assert read_evidence(scored.folder).loss == loss


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("accuracy", 0.7500000000000001),
        ("accuracy", 1.0),
        ("accuracy", 1),
        ("accuracy", 0),
        ("images", 9),
        ("images", "8"),
        ("images", 8.5),
        ("images", None),
        ("images", float("nan")),
        ("classes.0.recall", 1.0),
        ("classes.0.recall", None),
        ("classes.0.recall", float("nan")),
        ("classes.2.recall", 0.0),
        ("classes.0.precision", 0.76),
        ("classes.1.precision", True),
        ("classes.2.precision", None),
        ("classes.1.f1", 0.5),
        ("classes.2.f1", False),
        ("classes.0.support", 5),
        ("classes.2.support", False),
        ("classes.1.label", 0),
        ("classes.1.label", True),
        ("classes.1.note", "another entry"),
        ("confusion_matrix.0.0", 4),
        ("confusion_matrix.0.1", float("nan")),
        ("confusion_matrix.0.2", True),
        ("confusion_matrix.0", [3, 0]),
        ("confusion_matrix", None),
        ("confusion_matrix", [[3, 1], [1, 3]]),
    ],
    ids=str,
)
def test_a_metric_that_does_not_follow_from_the_predictions_is_refused(scored, place, value):
    scored.change(place, value)

    metric = place.split(".")[0]
    assert scored.refusal() == (
        f"{metric} does not follow from predict_result.csv and labels.csv beside it; score the model again."
    )


@pytest.mark.parametrize("entry", ["precision", "recall", "f1", "support", "label"])
def test_a_missing_metric_of_a_class_is_refused(scored, entry):
    classes = scored.metrics["classes"]
    del classes[1][entry]
    scored.change("classes", classes)

    assert scored.refusal().startswith("classes does not follow from predict_result.csv and labels.csv beside it")


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("accuracy", "accuracy does not follow"),
        ("loss", "the loss is nan, not a number of at least 0"),
        ("images", "images does not follow"),
        ("classes", "the names of the classes are missing"),
        ("confusion_matrix", "confusion_matrix does not follow"),
        ("schema_version", "not a metrics file of schema version 2"),
    ],
)
def test_a_missing_metric_is_refused(scored, name, finding):
    scored.remove(name)

    assert scored.refusal().startswith(finding)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("classes", None),
        ("classes", 3),
        ("classes", "bag"),
        ("classes", {"0": {"name": "bag"}}),
        ("classes", ["bag", "coat", "sandal"]),
        ("classes.1", {"label": 1}),
        ("classes.1.name", None),
        ("classes.1.name", 1),
        ("classes.1.name", ["coat"]),
    ],
    ids=str,
)
def test_classes_without_names_are_refused(scored, place, value):
    scored.change(place, value)

    assert scored.refusal() == "the names of the classes are missing; score the model again."


def test_a_class_less_or_more_is_refused(scored):
    classes = scored.metrics["classes"]

    scored.change("classes", classes[:2])
    assert scored.refusal() == "names 2 classes, but there are labels or predictions of class 2; score the model again."
    scored.change("classes", [])
    assert scored.refusal() == "names 0 classes, but there are labels or predictions of class 2; score the model again."
    scored.change("classes", [*classes, classes[2] | {"label": 3}])
    assert scored.refusal().startswith("classes does not follow")


# An accuracy alone


@pytest.mark.parametrize(
    ("text", "accuracy"), [("0.75", 0.75), ("0.75\n", 0.75), (" 7.5e-1 \r\n", 0.75), ("0", 0.0), ("1\n", 1.0)]
)
@pytest.mark.parametrize("path", [".", "accuracy.txt"], ids=["folder", "file"])
def test_an_accuracy_alone_is_evidence_of_nothing_else(tmp_path, path, text, accuracy):
    (tmp_path / "accuracy.txt").write_text(text)

    assert read_evidence(tmp_path / path) == Evidence(accuracy)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "holds '', not a number"),
        ("ninety percent", "holds 'ninety percent', not a number"),
        ("0,9", "holds '0,9', not a number"),
        ("0.9\n0.8\n", r"holds '0.9\n0.8', not a number"),
        ("true", "holds 'true', not a number"),
        ("x" * 100, f"holds '{'x' * 40}', not a number"),
        ("nan", "the accuracy is nan, not a number from 0 to 1"),
        ("inf", "the accuracy is inf, not a number from 0 to 1"),
        ("-inf", "the accuracy is -inf, not a number from 0 to 1"),
        ("-0.5", "the accuracy is -0.5, not a number from 0 to 1"),
        ("90", "the accuracy is 90.0, not a number from 0 to 1"),
        ("9" * 5000, "the accuracy is inf, not a number from 0 to 1"),
    ],
    ids=lambda value: value[:9],
)
@pytest.mark.parametrize("path", [".", "accuracy.txt"], ids=["folder", "file"])
def test_an_accuracy_alone_that_makes_no_sense_is_refused(tmp_path, path, text, finding):
    file = tmp_path / "accuracy.txt"
    file.write_text(text)

    with pytest.raises(MetricsError, match=f"^{re.escape(f'{file}: {finding}; score the model again.')}$"):
        read_evidence(tmp_path / path)


def test_an_accuracy_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "accuracy.txt").write_bytes(b"\xff\xfe0\x00")

    with pytest.raises(MetricsError, match=r"accuracy\.txt: cannot be read \(.*; score the model again\.$"):
        read_evidence(tmp_path)
