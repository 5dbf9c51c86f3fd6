"""The stand-in compared with recordings of live workspaces: every request of ours and of the SDK, and every answer."""

import json

import pytest
from azure.ai.ml import Input, MLClient, Output, command, dsl, load_job
from azure.ai.ml.entities import CommandComponent, Data, Environment
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from fresh_components import components_as_if_just_imported
from workspace_stand_in import recordings, requests_page, running_stand_in
from workspace_stand_in.fixtures import lead_clients_to
from workspace_stand_in.message import Answer

from mnist_pipeline.cli import main
from mnist_pipeline.pipelines import image_classification_pipeline
from mnist_pipeline.workspace.listing import KINDS

CASES = [(kind, case) for kind in recordings.kinds() for case in kind.cases]
SAMPLE = ("submit", "image-classification", "--data", "sample", "--compute")


@pytest.fixture(scope="module")
def stand_in(azurite, tmp_path_factory):
    """A stand-in after every request that our commands and the SDK's own functions send."""
    folder = tmp_path_factory.mktemp("recordings")
    with running_stand_in(azurite, folder) as stand_in:
        (folder / "config.json").write_text(json.dumps(stand_in.config))
        with pytest.MonkeyPatch.context() as patch, components_as_if_just_imported():
            lead_clients_to(stand_in, patch)
            patch.chdir(folder)
            ask_everything(stand_in, folder, patch)
        yield stand_in


def ask_everything(stand_in, folder, patch):
    def azure(*arguments, code=0):
        patch.setattr("sys.argv", ["mnist-pipeline", "azure", *arguments])
        with pytest.raises(SystemExit) as end:
            main.main()
        assert end.value.code == code, arguments

    config = stand_in.config
    client = MLClient(
        DefaultAzureCredential(), config["subscription_id"], config["resource_group"], config["workspace_name"]
    )

    azure("doctor")
    azure("doctor", "--workspace", "nowhere", code=1)
    with pytest.MonkeyPatch.context() as wrong:
        wrong.setenv("AZURE_CLIENT_SECRET", "wrong")
        azure("doctor", code=1)

    stand_in.faults.lose_answer("PUT", "/jobs/first")  # so that the client sends the same job again
    azure(*SAMPLE, "cpu-cluster", "--name", "first")
    azure(*SAMPLE, "k8s-cluster", "--name", "second")
    azure(*SAMPLE, "nowhere", code=1)
    refused(client, a_job(), name="first")
    refused(client, a_job(compute="nowhere"))
    refused(client, a_job_of_an_unknown_component(folder, client))

    (folder / "data").mkdir()
    (folder / "data/a.csv").write_text("1,2")
    client.data.create_or_update(Data(name="digits", version="7", path=folder / "data", type="uri_folder"))
    azure("submit", "image-classification", "--data", "azureml:digits:7", "--compute", "serverless", "--name", "third")
    azure("submit", "image-classification", "--data", "azureml:absent:1", "--compute", "serverless", code=1)

    azure("children", "first")
    stand_in.jobs.set_status("first", "Completed")
    azure(*SAMPLE, "cpu-cluster", "--name", "first", "--stream")
    client.jobs.stream("first")
    azure("stream", "first")
    stand_in.put_logs("first", {"user_logs/std_log.txt": b"trained"}, node="train_node")
    azure("logs", "first", "train_node")
    azure("logs", "first")
    client.jobs.begin_cancel("second", polling_interval=0).result()
    with pytest.raises(HttpResponseError):
        client.jobs.begin_cancel("first")

    stand_in.put_output("first", "result", {"metrics.json": b"{}"})
    logs = "ExperimentRun/dcid.first/logs/azureml"
    stand_in.azurite.put(
        stand_in.workspace.artifacts, logs, {"executionlogs.txt": b"[submitted]", "stderrlogs.txt": b""}
    )
    client.jobs.download("first", download_path=folder / "everything", all=True)
    azure("download", "first", "result=result")
    run, port = stand_in.jobs.folder_of("first", "result")
    client.jobs.download(run, download_path=folder / "of a node", output_name=port)
    written = client.jobs._runs_operations.get_run_data("first").run_metadata.outputs["result"]
    client.jobs._dataset_dataplane_operations.get_batch_dataset_uris(
        [written.asset_id]
    )  # no public function sends this

    client.jobs.create_or_update(a_job_that_writes_a_model())
    stand_in.put_output("fourth", "model", {"MLmodel": b"flavors: {}"})
    stand_in.jobs.set_status("fourth", "Completed")
    with pytest.raises(TypeError, match="unexpected keyword argument 'values'"):  # azure-ai-ml 1.35 cannot send this
        client.jobs.download("fourth", download_path=folder / "model", output_name="model")
    written = client.jobs._runs_operations.get_run_data("fourth").run_metadata.outputs["model"]
    ask = client.jobs._model_dataplane_operations._operation.batch_get_resolved_uris
    ask(*stand_in.config.values(), body={"values": [written.asset_id]})

    azure("register-components")
    azure("register-components")
    register_twice_and_changed(client, folder)
    (environment, *_) = stand_in.workspace.resources.of_kind("environments")
    client.environments.get("CliV2AnonymousEnvironment", environment["name"])

    stand_in.workspace.resources.put("environments/keras/versions/4", {})
    stand_in.workspace.resources.put("models/digits/versions/2", {})
    for kind in KINDS:
        azure("list", kind)


def a_job(compute="cpu-cluster", **inputs):
    data = Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/digits")
    job = image_classification_pipeline(pipeline_input_data=data, **inputs)
    job.settings.default_compute = compute  # the client does not check it
    return job


def a_job_of_an_unknown_component(folder, client):
    workspace = f"/subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}"
    workspace += f"/providers/Microsoft.MachineLearningServices/workspaces/{client.workspace_name}"
    node = {"type": "command", "component": f"azureml:{workspace}/components/absent/versions/1"}
    job = {"type": "pipeline", "settings": {"default_compute": "azureml:cpu-cluster"}, "jobs": {"one": node}}
    (folder / "job.yaml").write_text(json.dumps(job))
    return load_job(folder / "job.yaml")


def a_job_that_writes_a_model():
    write = command(
        command="touch ${{outputs.model}}/MLmodel",
        environment=Environment(image="python:3.11"),
        outputs={"model": Output(type="mlflow_model")},
    )

    @dsl.pipeline(name="model", default_compute="serverless")
    def job():
        return {"model": write().outputs.model}

    made = job()
    made.name = "fourth"
    return made


def refused(client, job, name=None):
    job.name = name
    with pytest.raises(HttpResponseError):
        client.jobs.create_or_update(job)


def register_twice_and_changed(client, folder):
    (folder / "code").mkdir()

    def register(program, **labels):
        (folder / "code/step.py").write_text(program)
        step = CommandComponent(
            name="step",
            version="1",
            command="python step.py",
            code=folder / "code",
            environment=Environment(image="python:3.11"),
            **labels,
        )
        client.components.create_or_update(step)

    register("print(1)")
    register("print(1)", description="prints a number")
    with pytest.raises(HttpResponseError):
        register("print(2)")


def test_every_request_has_a_row(stand_in):
    assert {str(request) for request, _ in stand_in.exchanges if recordings.kind_of(request) is None} == set()
    assert stand_in.unknown == []


def test_every_answer_matches_a_case_of_its_row(stand_in):
    wrong = {}
    for request, answer in stand_in.exchanges:
        cases = recordings.kind_of(request).cases
        faults = [case.fault(answer) for case in cases]
        if None not in faults:
            near = [fault for case, fault in zip(cases, faults, strict=True) if case.status == answer.status]
            wrong[str(request)] = near or faults
    assert wrong == {}


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[f"{kind.request}: {case.when}" for kind, case in CASES])
def test_every_case_was_answered(kind, case, stand_in):
    faults = [case.fault(answer) for request, answer in stand_in.exchanges if recordings.kind_of(request) is kind]

    assert None in faults, faults


@pytest.mark.parametrize("kind", [kind for kind in recordings.kinds() if kind.sent], ids=lambda kind: kind.request)
def test_the_sdk_sends_the_api_version_of_the_row(kind, stand_in):
    asked = [request for request, _ in stand_in.exchanges if recordings.kind_of(request) is kind]

    assert {request.query["api-version"] for request in asked} == {kind.sent}


def test_every_answer_has_evidence_or_is_marked_as_assumed():
    for kind, case in CASES:
        assert bool(case.recording) + bool(case.public) + bool(case.assumed) >= 1, (kind.request, case.when)
        assert not (case.recording and case.public), (kind.request, case.when)
        assert case.recording in {"", *recordings.recordings()}, (kind.request, case.when)


def test_the_service_chooses_the_version_of_an_anonymous_component(stand_in):
    asked = [
        (request, json.loads(answer.body))
        for request, answer in stand_in.exchanges
        if request.method == "PUT" and "/components/azureml_anonymous/" in request.path
    ]

    assert asked
    for request, component in asked:
        assert not request.path.endswith(component["name"])
        assert component["id"].endswith(f"/versions/{component['name']}")


def test_a_field_that_was_never_recorded_is_an_error():
    (case,) = [case for kind, case in CASES if kind.request == "a datastore's secrets"]
    answer = Answer(200, b'{"secretsType": "AccountKey", "key": "k", "more": 1}')

    assert "more" in case.fault(answer)


def test_the_page_of_requests_is_current():
    assert requests_page.PAGE.read_text() == requests_page.page()
