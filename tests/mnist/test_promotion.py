import json

import pytest

from mnist_pipeline.mnist.errors import MetricsError, SettingError
from mnist_pipeline.mnist.promotion import Check, Decision, Evidence, decide, read_evidence

NO_SHARES = [float("nan"), float("inf"), float("-inf"), -0.01, 1.01]


@pytest.mark.parametrize(
    ("accuracy", "accepted"),
    [(0.8, True), (0.8000001, True), (1.0, True), (0.7999999, False), (0.0, False)],
)
def test_a_model_is_accepted_from_the_least_accuracy_on(accuracy, accepted):
    decision = decide(Evidence(accuracy, {}), min_accuracy=0.8)

    assert decision.accepted is accepted
    assert decision.checks == (Check("min_accuracy", required=0.8, observed=accuracy, passed=accepted),)


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0])
def test_the_ends_of_the_range_are_allowed(share):
    assert decide(Evidence(share, {}), min_accuracy=share).accepted


@pytest.mark.parametrize("accuracy", NO_SHARES)
def test_an_accuracy_that_is_no_share_is_refused_whatever_is_required(accuracy):
    with pytest.raises(MetricsError, match=f"the accuracy is {accuracy}, not a number from 0 to 1"):
        decide(Evidence(accuracy, {}), min_accuracy=0)


@pytest.mark.parametrize("min_accuracy", NO_SHARES)
def test_a_requirement_that_is_no_share_is_refused(min_accuracy):
    with pytest.raises(SettingError, match=f"min_accuracy is {min_accuracy}; it must be a number from 0 to 1"):
        decide(Evidence(1, {}), min_accuracy)


def test_a_decision_without_checks_accepts_nothing():
    assert not Decision(()).accepted


def write_metrics(folder, **changes):
    content = {"schema_version": 1, "accuracy": 0.75, "digests": {"model": "ab"}} | changes
    (folder / "metrics.json").write_text(json.dumps(content))


@pytest.mark.parametrize("path", [".", "metrics.json"], ids=["folder", "file"])
def test_metrics_are_read_from_the_file_or_its_folder(tmp_path, path):
    write_metrics(tmp_path)

    assert read_evidence(tmp_path / path) == Evidence(0.75, {"model": "ab"})


@pytest.mark.parametrize("text", ["0.75", "0.75\n", " 7.5e-1 \r\n"])
@pytest.mark.parametrize("path", [".", "accuracy.txt"], ids=["folder", "file"])
def test_an_accuracy_is_read_from_its_text_file(tmp_path, path, text):
    (tmp_path / "accuracy.txt").write_text(text)

    assert read_evidence(tmp_path / path) == Evidence(0.75, {})


def test_metrics_come_before_the_accuracy_alone(tmp_path):
    write_metrics(tmp_path)
    (tmp_path / "accuracy.txt").write_text("1.0")

    assert read_evidence(tmp_path).accuracy == 0.75


@pytest.mark.parametrize("path", [".", "nowhere"])
def test_missing_results_are_named(tmp_path, path):
    with pytest.raises(MetricsError, match=r"neither metrics\.json nor accuracy\.txt is there"):
        read_evidence(tmp_path / path)


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b'{"accuracy": 0.9', "not JSON", id="cut off"),
        pytest.param(b"\xff\xfe\x00", "cannot be read", id="not text"),
        pytest.param(b"[0.9]", "not a metrics file of schema version 1", id="a list"),
        pytest.param(b'{"accuracy": 0.9}', "not a metrics file of schema version 1", id="no schema version"),
    ],
)
def test_a_file_that_is_no_metrics_file_is_named(tmp_path, content, finding):
    (tmp_path / "metrics.json").write_bytes(content)

    with pytest.raises(MetricsError, match=rf"metrics\.json: .*{finding}") as raised:
        read_evidence(tmp_path)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"schema_version": 2}, "not a metrics file of schema version 1"),
        ({"schema_version": "1"}, "not a metrics file of schema version 1"),
        ({"accuracy": float("nan")}, "the accuracy is nan, not a number from 0 to 1"),  # JSON's dialect: NaN
        ({"accuracy": float("inf")}, "the accuracy is inf, not a number from 0 to 1"),
        ({"accuracy": -0.1}, "the accuracy is -0.1, not a number from 0 to 1"),
        ({"accuracy": 93.5}, "the accuracy is 93.5, not a number from 0 to 1"),
        pytest.param({"accuracy": 10**400}, "the accuracy is 10+, not a number from 0 to 1", id="beyond a float"),
        ({"accuracy": "0.9"}, "the accuracy is '0.9', not a number"),
        ({"accuracy": True}, "the accuracy is True, not a number"),
        ({"accuracy": None}, "the accuracy is None, not a number"),
        ({"accuracy": [0.9]}, r"the accuracy is \[0.9\], not a number"),
        ({"digests": None}, "the digests are missing"),
        ({"digests": {"model": 1}}, "the digests are missing"),
    ],
    ids=str,
)
def test_metrics_that_make_no_sense_are_refused(tmp_path, changes, finding):
    write_metrics(tmp_path, **changes)

    with pytest.raises(MetricsError, match=rf"metrics\.json: {finding}"):
        read_evidence(tmp_path)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "holds '', not a number"),
        ("ninety percent", "holds 'ninety percent', not a number"),
        ("0,9", "holds '0,9', not a number"),
        ("0.9\n0.8\n", r"holds '0\.9\\n0\.8', not a number"),
        ("nan", "the accuracy is nan, not a number from 0 to 1"),
        ("inf", "the accuracy is inf, not a number from 0 to 1"),
        ("-0.5", "the accuracy is -0.5, not a number from 0 to 1"),
        ("90", "the accuracy is 90.0, not a number from 0 to 1"),
    ],
)
def test_an_accuracy_that_makes_no_sense_is_refused(tmp_path, text, finding):
    (tmp_path / "accuracy.txt").write_text(text)

    with pytest.raises(MetricsError, match=rf"accuracy\.txt: {finding}") as raised:
        read_evidence(tmp_path)

    assert "\n" not in str(raised.value)
