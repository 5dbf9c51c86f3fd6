"""The stand-in's version of Azure's MLflow, used through the unmodified azureml-mlflow."""

import contextlib

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from workspace_stand_in.fixtures import inside_a_job

pytestmark = pytest.mark.slow


@pytest.fixture
def job(stand_in, tracking_server):
    """The id of a run that this process uses as a job's process would."""
    with inside_a_job(stand_in, tracking_server, "stand-in-mlflow") as run_id, mlflow.start_run():
        yield run_id


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "figures.txt"
    path.write_text("0.9\n")
    return path


def test_parameters_metrics_and_files_arrive_with_the_run_and_in_blob_storage(job, stand_in, tracking_server, file):
    mlflow.log_params({"epochs": 2})
    mlflow.log_metrics({"Final test loss": 0.5}, step=1)
    mlflow.log_artifact(str(file), "evidence")

    logged = MlflowClient(tracking_server).get_run(job).data
    assert (logged.params, logged.metrics) == ({"epochs": "2"}, {"Final test loss": 0.5})
    assert stand_in.mlflow.artifacts.content(job) == {"evidence/figures.txt": b"0.9\n"}
    assert stand_in.mlflow.refused == stand_in.unknown == []


@pytest.mark.usefixtures("job")
def test_a_run_accepts_each_path_only_once(file):
    mlflow.log_artifact(str(file), "evidence")

    with pytest.raises(Exception, match=r"Resource Conflict: ArtifactId ExperimentRun/dcid\.\w+/evidence/figures.txt"):
        mlflow.log_artifact(str(file), "evidence")


@pytest.mark.usefixtures("job")
def test_a_download_keeps_the_path_below_the_run(file, tmp_path):
    mlflow.log_artifact(str(file), "evidence")

    uri = f"{mlflow.get_artifact_uri()}/evidence/figures.txt"
    found = mlflow.artifacts.download_artifacts(uri, dst_path=str(tmp_path / "here"))
    assert found == str(tmp_path / "here/evidence/figures.txt")
    with pytest.raises(MlflowException, match=r"evidence/none.txt was not found"):
        mlflow.artifacts.download_artifacts(uri.replace("figures", "none"), dst_path=str(tmp_path))


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize(
    ("ask", "code", "refused"),
    [
        (
            lambda client: client.search_registered_models(),
            "INVALID_PARAMETER_VALUE",
            "GET /registered-models/search",
        ),
        (
            lambda client: client.search_model_versions("tags.kind = 'best'"),
            "INVALID_PARAMETER_VALUE",
            "GET /model-versions/search",
        ),
        (
            lambda client: client.set_registered_model_alias("digits-of-a-stand-in", "champion", "1"),
            "ENDPOINT_NOT_FOUND",
            "POST /registered-models/alias",
        ),
        (
            lambda client: client.rename_registered_model("digits-of-a-stand-in", "numbers"),
            "ENDPOINT_NOT_FOUND",
            "POST /registered-models/rename",
        ),
        (lambda client: client.create_logged_model("0"), "ENDPOINT_NOT_FOUND", "POST /logged-models"),
    ],
)
def test_requests_that_azure_does_not_support_are_refused(ask, code, refused, stand_in):
    with contextlib.suppress(MlflowException):  # from the second time on
        MlflowClient().create_registered_model("digits-of-a-stand-in")
    with pytest.raises(MlflowException) as refusal:
        ask(MlflowClient())

    assert refusal.value.error_code == code
    assert stand_in.mlflow.refused == [refused]


@pytest.mark.usefixtures("azure_environment")
def test_a_client_outside_a_job_signs_in_with_its_own_credential(stand_in, tracking_server, monkeypatch):
    service = stand_in.attach_mlflow(tracking_server)
    run_id = service.start_run("train_node", experiment="stand-in-mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", service.uri)

    run = MlflowClient().get_run(run_id)

    assert run.info.artifact_uri.startswith(f"azureml://{service.host}/mlflow/v2.0{service.workspace_id}/experiments/")
    assert any("oauth2" in request.path for request in stand_in.requests)
