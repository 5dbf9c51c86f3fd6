import json
import shutil

import mlflow
import numpy as np
import pytest

from mnist_pipeline.mnist.errors import MetricsError, ModelError, OutputError, RegistryError, SettingError
from mnist_pipeline.mnist.files import sha256_of
from mnist_pipeline.mnist.registry import register


@pytest.fixture
def result(tmp_path, pixel_folder):
    """Scoring results of `pixel_model` with an accuracy of 0.9."""
    folder = tmp_path / "result"
    folder.mkdir()
    digests = {"test_data": "1" * 64, "model": sha256_of(pixel_folder), "predictions": "2" * 64}
    (folder / "metrics.json").write_text(json.dumps({"schema_version": 1, "accuracy": 0.9, "digests": digests}))
    return folder


@pytest.fixture
def registration(tmp_path):
    return tmp_path / "registration"


def record_in(folder):
    assert [path.name for path in folder.iterdir()] == ["registration.json"]
    return json.loads((folder / "registration.json").read_text())


def versions_of(client, name):
    return client.search_model_versions(f"name = '{name}'")


def test_a_model_that_is_good_enough_becomes_a_version(pixel_folder, result, registration, mlflow_store, capsys):
    register(pixel_folder, result, registration, "digits", min_accuracy=0.9)

    (version,) = versions_of(mlflow_store, "digits")
    assert str(version.version) == "1"
    assert version.tags["accuracy"] == "0.9"
    assert version.tags["sha256.model"] == sha256_of(pixel_folder)
    assert version.tags["sha256.test_data"] == "1" * 64
    assert "registered digits version 1" in capsys.readouterr().out


@pytest.mark.usefixtures("mlflow_store")
def test_the_record_says_what_was_decided_and_why(pixel_folder, result, registration):
    register(pixel_folder, result, registration, "digits", min_accuracy=0.8)

    assert record_in(registration) == {
        "schema_version": 1,
        "decision": "registered",
        "checks": [{"name": "min_accuracy", "required": 0.8, "observed": 0.9, "passed": True}],
        "model_name": "digits",
        "model_version": "1",
        "model_uri": "models:/digits/1",
        "digests": {"test_data": "1" * 64, "model": sha256_of(pixel_folder), "predictions": "2" * 64},
    }


@pytest.mark.usefixtures("mlflow_store")
def test_a_registered_model_predicts_when_the_folder_is_gone(pixel_folder, pixel_model, pixel_data, result, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "model")

    register(tmp_path / "model", result, None, "digits", 0.8)
    shutil.rmtree(tmp_path / "model")

    loaded = mlflow.pyfunc.load_model("models:/digits/1")
    probabilities = loaded.predict(pixel_data.images[..., None].astype(np.float32))
    assert np.allclose(probabilities, pixel_model.probabilities(pixel_data.images), atol=1e-6)


def test_the_next_one_is_version_two(pixel_folder, result, registration, mlflow_store):
    for _ in range(2):
        register(pixel_folder, result, registration, "digits", 0.8)

    assert sorted(str(version.version) for version in versions_of(mlflow_store, "digits")) == ["1", "2"]
    assert record_in(registration)["model_version"] == "2"


def test_the_version_is_made_in_the_steps_own_run(pixel_folder, result, mlflow_store):
    with mlflow.start_run() as run:
        register(pixel_folder, result, None, "digits", 0.8)

    assert versions_of(mlflow_store, "digits")[0].run_id == run.info.run_id


def test_a_model_that_is_not_good_enough_becomes_no_version_and_a_record(
    pixel_folder, result, registration, mlflow_store, capsys
):
    register(pixel_folder, result, registration, "digits", min_accuracy=0.95)

    record = record_in(registration)
    assert record["decision"] == "refused"
    assert record["checks"] == [{"name": "min_accuracy", "required": 0.95, "observed": 0.9, "passed": False}]
    assert (record["model_version"], record["model_uri"]) == (None, None)
    assert mlflow_store.search_registered_models() == []
    assert "min_accuracy: required 0.9500, observed 0.9000: refused" in capsys.readouterr().out


@pytest.mark.parametrize("path", [".", "accuracy.txt"], ids=["folder", "file"])
def test_an_accuracy_alone_is_evidence_enough(pixel_folder, registration, mlflow_store, tmp_path, path):
    (tmp_path / "accuracy").mkdir()
    (tmp_path / "accuracy/accuracy.txt").write_text("0.85\n")

    register(pixel_folder, tmp_path / "accuracy" / path, registration, "digits", 0.8)

    (version,) = versions_of(mlflow_store, "digits")
    assert version.tags == {"accuracy": "0.85"}
    assert record_in(registration)["digests"] == {"model": sha256_of(pixel_folder)}


def assert_nothing_registered(client, registration):
    assert client.search_registered_models() == []
    assert not (registration / "registration.json").exists()


def test_the_results_of_another_model_are_refused(pixel_folder, result, registration, mlflow_store, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "other")
    (tmp_path / "other/data/model.keras").write_bytes(b"other weights")

    with pytest.raises(MetricsError, match=r"result: these are the scoring results of another model than .*other"):
        register(tmp_path / "other", result, registration, "digits", 0.8)

    assert_nothing_registered(mlflow_store, registration)


def test_a_folder_without_mlmodel_is_refused(pixel_folder, result, registration, mlflow_store, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "model")
    (tmp_path / "model/MLmodel").unlink()

    with pytest.raises(ModelError, match="model: no MLmodel file in it; give the folder that the training step wrote"):
        register(tmp_path / "model", result, registration, "digits", 0.8)

    assert_nothing_registered(mlflow_store, registration)


def test_missing_results_are_refused(pixel_folder, registration, mlflow_store, tmp_path):
    with pytest.raises(MetricsError, match=r"nowhere: neither metrics\.json nor accuracy\.txt is there"):
        register(pixel_folder, tmp_path / "nowhere", registration, "digits", 0.8)

    assert_nothing_registered(mlflow_store, registration)


def test_a_requirement_out_of_its_range_is_refused(pixel_folder, result, registration, mlflow_store):
    with pytest.raises(SettingError, match="min_accuracy is 80; it must be a number from 0 to 1"):
        register(pixel_folder, result, registration, "digits", 80)

    assert_nothing_registered(mlflow_store, registration)


def test_a_record_that_cannot_be_written_is_found_out_before_a_version_is_made(
    pixel_folder, result, registration, mlflow_store
):
    registration.write_text("precious")

    with pytest.raises(OutputError, match="registration: a file stands where the output folder should be"):
        register(pixel_folder, result, registration, "digits", 0.8)

    assert mlflow_store.search_registered_models() == []


@pytest.mark.parametrize("name", ["my/digits", "my:digits", ""])
def test_a_name_that_the_registry_refuses_is_named(pixel_folder, result, registration, mlflow_store, name):
    with pytest.raises(RegistryError, match=f"the registry at sqlite:.* refused '{name}'") as raised:
        register(pixel_folder, result, registration, name, 0.8)

    assert "\n" not in str(raised.value)
    assert_nothing_registered(mlflow_store, registration)


@pytest.mark.usefixtures("mlflow_store")
def test_a_registry_out_of_reach_is_named(pixel_folder, result, registration, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri("http://127.0.0.1:9")  # the discard port: nobody answers

    with pytest.raises(RegistryError, match=r"the registry at http://127\.0\.0\.1:9 ") as raised:
        register(pixel_folder, result, registration, "digits", 0.8)

    assert "\n" not in str(raised.value)
    assert not (registration / "registration.json").exists()
