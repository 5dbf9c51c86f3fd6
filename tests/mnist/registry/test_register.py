import json
import shutil
from dataclasses import asdict

import mlflow
import numpy as np
import pytest
from idx_data import write_csv_of
from scoring_results import write_results

from mnist_pipeline.errors import MetricsError, ModelError, OutputError, RegistryError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.registry.champion import find_champion, read_history
from mnist_pipeline.mnist.registry.client import RegisteredModel
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register
from mnist_pipeline.mnist.scoring.score import score

LABELS = [0, 0, 1, 1, 2, 2, 3, 3, 0, 1]
ANY = Policy(min_accuracy=0.0)


def predictions_with(right):
    """Predictions for LABELS of which just the first `right` are correct."""
    return [label if index < right else (label + 1) % 4 for index, label in enumerate(LABELS)]


@pytest.fixture
def result(tmp_path, pixel_folder):
    """Scoring results of `pixel_model` with nine of ten images right."""
    return write_results(tmp_path / "result", LABELS, predictions_with(9), model=sha256_of(pixel_folder))


@pytest.fixture
def registration(tmp_path):
    return tmp_path / "registration"


@pytest.fixture
def make_model(tmp_path, pixel_folder, make_copy):
    """A function that makes another model, and its results with so many of ten images right."""

    def make(name, right, **digests):
        folder = make_copy(pixel_folder, name)
        results = write_results(
            tmp_path / f"{name}-result", LABELS, predictions_with(right), model=sha256_of(folder), **digests
        )
        return folder, results

    return make


def record_in(folder):
    assert [path.name for path in folder.iterdir()] == ["registration.json"]
    return json.loads((folder / "registration.json").read_text())


def versions_of(client, name):
    return client.search_model_versions(f"name = '{name}'")


def champion_of(client, name):
    champion = find_champion(RegisteredModel(name, client))
    return None if champion is None else champion.number


def test_a_model_that_is_good_enough_becomes_a_version_and_the_champion(
    pixel_folder, result, registration, mlflow_store, capsys
):
    register(pixel_folder, result, registration, "digits", Policy(min_accuracy=0.9))

    (version,) = versions_of(mlflow_store, "digits")
    assert str(version.version) == "1"
    assert version.tags["accuracy"] == "0.9"
    assert version.tags["images"] == "10"
    assert version.tags["check.min_accuracy"] == "passed: required 0.9, observed 0.9"
    assert version.tags["sha256.model"] == sha256_of(pixel_folder)
    assert version.tags["sha256.test_data"] == "b" * 64
    assert "min_accuracy      0.9000      0.9000  passed" in version.description
    assert mlflow_store.get_registered_model("digits").aliases == {"champion": 1, "challenger": 1}
    printed = capsys.readouterr().out
    assert version.description in printed
    assert "registered digits version 1" in printed


@pytest.mark.usefixtures("mlflow_store")
def test_the_record_says_what_was_decided_and_why(pixel_folder, result, registration):
    register(pixel_folder, result, registration, "digits", Policy())

    assert record_in(registration) == {
        "schema_version": 1,
        "decision": "registered",
        "checks": [{"name": "min_accuracy", "required": 0.8, "observed": 0.9, "passed": True}],
        "policy": asdict(Policy()),
        "champion": None,
        "model_name": "digits",
        "model_version": "1",
        "model_uri": "models:/digits/1",
        "is_champion": True,
        "digests": {
            "test_data": "b" * 64,
            "model": sha256_of(pixel_folder),
            "predictions": sha256_of(result / "predict_result.csv"),
            "labels": sha256_of(result / "labels.csv"),
        },
    }


@pytest.mark.usefixtures("mlflow_store")
def test_a_registered_model_predicts_when_the_folder_is_gone(pixel_folder, pixel_model, pixel_data, result, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "model")

    register(tmp_path / "model", result, None, "digits", Policy())
    shutil.rmtree(tmp_path / "model")

    loaded = mlflow.pyfunc.load_model("models:/digits@champion")
    probabilities = loaded.predict(pixel_data.images)
    assert np.allclose(probabilities, pixel_model.probabilities(pixel_data.images), atol=1e-6)


def test_the_same_step_again_changes_nothing_and_writes_the_same_record(
    make_model, pixel_folder, result, registration, mlflow_store
):
    weaker, its_result = make_model("weaker", 8)
    register(weaker, its_result, None, "digits", Policy())
    register(pixel_folder, result, registration, "digits", Policy(champion="better"))
    record, history = record_in(registration), read_history(RegisteredModel("digits", mlflow_store))
    assert record["champion"]["version"] == "1"

    register(pixel_folder, result, registration, "digits", Policy(champion="better"))

    assert record_in(registration) == record
    assert read_history(RegisteredModel("digits", mlflow_store)) == history
    assert len(versions_of(mlflow_store, "digits")) == 2


def test_the_version_is_made_in_the_steps_own_run_and_knows_the_pipelines(pixel_folder, result, mlflow_store):
    with (
        mlflow.start_run(tags={"mlflow.source.git.commit": "c0ffee"}) as pipeline_run,
        mlflow.start_run(nested=True) as run,
    ):
        register(pixel_folder, result, None, "digits", Policy())

    (version,) = versions_of(mlflow_store, "digits")
    assert version.run_id == run.info.run_id
    assert version.tags["pipeline_run"] == pipeline_run.info.run_id
    assert version.tags["git_commit"]
    files = [file.path for file in mlflow_store.list_artifacts(run.info.run_id, "evidence")]
    assert files == ["evidence/labels.csv", "evidence/metrics.json", "evidence/predict_result.csv"]


def test_a_version_knows_what_its_model_was_trained_with(training, settings, tmp_path, mlflow_store, only_run):
    result = write_results(tmp_path / "result", LABELS, LABELS, model=sha256_of(training.folder))

    register(training.folder, result, None, "digits", ANY)

    tags = RegisteredModel("digits", mlflow_store).version(1).tags
    in_effect = asdict(settings) | {
        "learning_rate": 0.01,
        "precision": only_run(training.client).data.params["precision"],
    }
    assert {name: tags[f"hyperparameter.{name}"] for name in asdict(settings)} == {
        name: str(value) for name, value in in_effect.items()
    }
    assert tags["hyperparameter.precision"] in ("float32", "bfloat16")


def test_a_model_that_is_not_good_enough_becomes_no_version_and_a_record(
    pixel_folder, result, registration, mlflow_store, capsys
):
    register(pixel_folder, result, registration, "digits", Policy(min_accuracy=0.95))

    record = record_in(registration)
    assert record["decision"] == "refused"
    assert record["checks"] == [{"name": "min_accuracy", "required": 0.95, "observed": 0.9, "passed": False}]
    assert (record["model_version"], record["model_uri"], record["is_champion"]) == (None, None, False)
    assert mlflow_store.search_registered_models() == []
    assert "min_accuracy      0.9500      0.9000  refused" in capsys.readouterr().out


def test_a_better_model_replaces_the_champion_and_a_worse_one_does_not(make_model, registration, mlflow_store):
    (fair, fair_result), (good, good_result) = make_model("fair", 3), make_model("good", 10)
    policy = Policy(min_accuracy=0.1, champion="better", mcnemar_level=0.05)

    register(fair, fair_result, registration, "digits", policy)
    assert record_in(registration)["champion"] is None
    register(good, good_result, registration, "digits", policy)
    assert champion_of(mlflow_store, "digits") == 2
    assert record_in(registration)["champion"] == {
        "version": "1",
        "champion_accuracy": 0.3,
        "only_challenger": 7,
        "only_champion": 0,
        "p_value": 0.015625,  # 2 / 2 ** 7
    }
    register(fair, fair_result, registration, "digits", policy)

    record = record_in(registration)
    assert record["decision"] == "refused"
    assert [check["name"] for check in record["checks"] if not check["passed"]] == [
        "better_than_champion",
        "significantly_better",
    ]
    assert record["champion"]["p_value"] == 0.015625
    assert champion_of(mlflow_store, "digits") == 2
    assert len(versions_of(mlflow_store, "digits")) == 2


def test_a_champion_that_comes_meanwhile_is_faced_too(make_model, registration, mlflow_store, monkeypatch):
    (old, old_result), (good, good_result), (best, best_result) = (
        make_model(name, right) for name, right in (("old", 7), ("good", 8), ("best", 10))
    )
    policy = Policy(min_accuracy=0.1, champion="better")
    register(old, old_result, None, "digits", policy)
    log_artifacts = mlflow.log_artifacts

    def slowly(folder, path):
        monkeypatch.setattr(mlflow, "log_artifacts", log_artifacts)
        with mlflow.start_run(nested=True):
            register(best, best_result, None, "digits", policy)
        log_artifacts(folder, path)

    monkeypatch.setattr(mlflow, "log_artifacts", slowly)
    register(good, good_result, registration, "digits", policy)

    record = record_in(registration)
    assert (record["decision"], record["model_version"]) == ("refused", None)
    assert record["champion"]["version"] == "2"
    assert mlflow_store.get_registered_model("digits").aliases["champion"] == 2


def test_without_comparison_a_worse_model_replaces_the_champion(make_model, registration, mlflow_store):
    (good, good_result), (fair, fair_result) = make_model("good", 10), make_model("fair", 5)
    register(good, good_result, None, "digits", Policy())

    register(fair, fair_result, registration, "digits", Policy(min_accuracy=0.5, champion="off"))

    assert champion_of(mlflow_store, "digits") == 2
    assert record_in(registration)["champion"] is None


@pytest.fixture
def other_csv(tmp_path, pixel_data):
    """Test data of which `pixel_model` has two of three right."""
    return write_csv_of(tmp_path / "other.csv", pixel_data.images[:3], pixel_data.labels[:3])


def test_a_champion_of_other_test_data_is_scored_again(
    make_model, pixel_folder, result, other_csv, registration, tmp_path, capsys, mlflow_store
):
    register(pixel_folder, result, None, "digits", Policy())  # nine of ten of other images
    challenger, _ = make_model("challenger", 0)
    score(other_csv, challenger, tmp_path / "scored")  # the same network: as good as the champion

    register(challenger, tmp_path / "scored", registration, "digits", ANY, other_csv)

    assert "scoring the champion, digits version 1, on these test data" in capsys.readouterr().out
    record = record_in(registration)
    assert record["champion"]["champion_accuracy"] == pytest.approx(2 / 3)
    assert record["champion"]["p_value"] == 1.0
    assert (record["decision"], champion_of(mlflow_store, "digits")) == ("registered", 2)


def test_a_champion_of_other_test_data_needs_the_test_data(
    make_model, pixel_folder, result, registration, mlflow_store
):
    register(pixel_folder, result, None, "digits", Policy())
    challenger, its_result = make_model("challenger", 10, test_data="d" * 64)

    with pytest.raises(
        MetricsError, match=r"the champion, digits version 1, was scored on other test data; .*test_data"
    ):
        register(challenger, its_result, registration, "digits", Policy())

    assert champion_of(mlflow_store, "digits") == 1
    assert not (registration / "registration.json").exists()


def test_a_champion_whose_files_were_changed_is_not_scored_again(
    make_model, pixel_folder, result, other_csv, tmp_path, mlflow_store
):
    register(pixel_folder, result, None, "digits", Policy())
    source = RegisteredModel("digits", mlflow_store).version(1).source.removeprefix("file://")
    with open(f"{source}/MLmodel", "a") as file:  # noqa: PTH123 - a location, not a path of ours
        file.write("# changed\n")
    challenger, _ = make_model("challenger", 0)
    score(other_csv, challenger, tmp_path / "scored")

    with pytest.raises(ModelError, match="digits version 1: its files were changed after registration"):
        register(challenger, tmp_path / "scored", None, "digits", ANY, other_csv)


def test_a_champion_whose_evidence_was_exchanged_is_no_measure(make_model, pixel_folder, result, mlflow_store):
    register(pixel_folder, result, None, "digits", Policy())
    evidence = RegisteredModel("digits", mlflow_store).version(1).tags["evidence"].removeprefix("file://")
    challenger, its_result = make_model("challenger", 5)
    shutil.copytree(its_result, evidence, dirs_exist_ok=True)  # consistent in itself, but not what was recorded

    with pytest.raises(
        MetricsError, match="digits version 1: its stored evidence belongs to another model than its tags"
    ):
        register(challenger, its_result, None, "digits", ANY)


@pytest.mark.parametrize("path", [".", "accuracy.txt"], ids=["folder", "file"])
def test_an_accuracy_alone_is_evidence_enough_for_a_first_model(
    pixel_folder, registration, mlflow_store, tmp_path, path
):
    (tmp_path / "accuracy").mkdir()
    (tmp_path / "accuracy/accuracy.txt").write_text("0.85\n")

    register(pixel_folder, tmp_path / "accuracy" / path, registration, "digits", Policy())

    (version,) = versions_of(mlflow_store, "digits")
    assert version.tags["accuracy"] == "0.85"
    assert record_in(registration)["digests"] == {"model": sha256_of(pixel_folder)}


def test_an_accuracy_alone_cannot_be_compared_with_a_champion(make_model, pixel_folder, result, mlflow_store, tmp_path):
    register(pixel_folder, result, None, "digits", Policy())
    challenger, _ = make_model("challenger", 10)
    (tmp_path / "accuracy.txt").write_text("0.99\n")

    with pytest.raises(MetricsError, match="an accuracy alone cannot be compared with the champion, digits version 1"):
        register(challenger, tmp_path / "accuracy.txt", None, "digits", Policy())

    assert len(versions_of(mlflow_store, "digits")) == 1


def assert_nothing_registered(client, registration):
    assert client.search_registered_models() == []
    assert not (registration / "registration.json").exists()


def test_the_results_of_another_model_are_refused(pixel_folder, result, registration, mlflow_store, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "other")
    (tmp_path / "other/data/model.keras").write_bytes(b"other weights")

    with pytest.raises(MetricsError, match="result: these are the scoring results of another model"):
        register(tmp_path / "other", result, registration, "digits", Policy())

    assert_nothing_registered(mlflow_store, registration)


def test_the_results_of_other_test_data_are_refused(pixel_folder, result, registration, mlflow_store, other_csv):
    with pytest.raises(MetricsError, match="result: these are the scoring results on other test data"):
        register(pixel_folder, result, registration, "digits", Policy(), other_csv)

    assert_nothing_registered(mlflow_store, registration)


def test_changed_predictions_are_refused(pixel_folder, result, registration, mlflow_store):
    predictions = result / "predict_result.csv"
    predictions.write_text(predictions.read_text().replace("0", "1", 1))

    with pytest.raises(MetricsError, match=r"predict_result\.csv: was changed after scoring"):
        register(pixel_folder, result, registration, "digits", ANY)

    assert_nothing_registered(mlflow_store, registration)


def test_a_folder_without_mlmodel_is_refused(pixel_folder, result, registration, mlflow_store, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "model")
    (tmp_path / "model/MLmodel").unlink()

    with pytest.raises(ModelError, match="model: no MLmodel file in it; give the folder that the training step wrote"):
        register(tmp_path / "model", result, registration, "digits", Policy())

    assert_nothing_registered(mlflow_store, registration)


def test_missing_results_are_refused(pixel_folder, registration, mlflow_store, tmp_path):
    with pytest.raises(MetricsError, match=r"nowhere: has neither metrics\.json nor accuracy\.txt"):
        register(pixel_folder, tmp_path / "nowhere", registration, "digits", Policy())

    assert_nothing_registered(mlflow_store, registration)


def test_a_record_that_cannot_be_written_is_found_out_before_a_version_is_made(
    pixel_folder, result, registration, mlflow_store
):
    registration.write_text("precious")

    with pytest.raises(OutputError, match="registration: a file stands where the output folder should be"):
        register(pixel_folder, result, registration, "digits", Policy())

    assert mlflow_store.search_registered_models() == []


@pytest.mark.parametrize("name", ["my/digits", "my:digits", "", "it's"])
def test_a_name_that_the_registry_refuses_is_named(pixel_folder, result, registration, mlflow_store, name):
    with pytest.raises(RegistryError, match=r"the registry at sqlite:.* refused ['\"]" + name) as raised:
        register(pixel_folder, result, registration, name, Policy())

    assert "\n" not in str(raised.value)
    assert_nothing_registered(mlflow_store, registration)


@pytest.mark.usefixtures("mlflow_store")
def test_a_registry_out_of_reach_is_named(pixel_folder, result, registration, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri("http://127.0.0.1:9")  # the discard port: nobody answers

    with pytest.raises(RegistryError, match=r"the registry at http://127\.0\.0\.1:9 ") as raised:
        register(pixel_folder, result, registration, "digits", Policy())

    assert "\n" not in str(raised.value)
    assert not (registration / "registration.json").exists()
