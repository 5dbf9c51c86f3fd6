"""The steps of a submitted job through Azure's own MLflow client: twice, each again in its run, and killed.

The snapshots are those that the workspace received, the environments those that the job declares, with azureml-mlflow;
behind `azureml://` stands a real MLflow server, cut down to what Azure has (tests/workspace_stand_in/mlflow_service.py
says how that is known).
"""

import json
import shutil
import threading
import zipfile
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
import yaml
from azure.ai.ml import Input
from azure_job import submit
from idx_data import patterned, write_csv_of, write_patterned_idx
from job_environment import pip_list
from mlflow import MlflowClient
from scoring_results import write_results
from workspace_stand_in import azurite as blobs
from workspace_stand_in import running_stand_in
from workspace_stand_in.faults import Fault
from workspace_stand_in.proxy import Dropped

from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.data.prep import TRAIN_CSV
from mnist_pipeline.mnist.model.model_folder import load_model
from mnist_pipeline.mnist.registry.champion import read_history
from mnist_pipeline.mnist.registry.client import RegisteredModel
from mnist_pipeline.mnist.registry.evidence import EVIDENCE_FILES
from mnist_pipeline.pipelines import image_classification_pipeline
from mnist_pipeline.runner.node_call import NodeFailed
from mnist_pipeline.runner.plan import Value

pytestmark = pytest.mark.long

NAME = "through-azureml-mlflow"
NODES = ("prepare_data_node", "train_node", "score_node", "register_node")


@pytest.fixture(scope="module")
def stand_in(azurite, tracking_server, tmp_path_factory):
    with running_stand_in(azurite, tmp_path_factory.mktemp("stand_in")) as stand_in:
        stand_in.attach_mlflow(tracking_server)
        yield stand_in


@pytest.fixture(scope="module")
def jobs(stand_in, tracking_server, environments, tmp_path_factory):
    """The main pipeline, submitted and run twice; the second model is compared with the first, the champion."""
    folder = tmp_path_factory.mktemp("azure_mlflow")
    raw = write_patterned_idx(folder / "raw", 8, 6, n_classes=3)
    return [
        submit(
            image_classification_pipeline(
                pipeline_input_data=Input(type="uri_folder", path=str(raw)),
                epochs=2,
                seed=seed,
                min_accuracy=0.0,
                champion="not_worse",
                champion_margin=1.0,
                model_name=NAME,
                compute="cpu-cluster",
            ),
            stand_in,
            tracking_server,
            environments,
            folder / f"job-{seed}",
        )
        for seed in (1, 2)
    ]


@pytest.fixture
def registry(tracking_server):
    """A function that returns a registered model, read from the server itself."""
    client = MlflowClient(tracking_server)
    return lambda name: RegisteredModel(name, client)


def record_of(folder):
    return json.loads((folder / "registration.json").read_text())


def test_both_models_are_registered_and_the_second_faced_the_first(jobs, registry):
    first, second = (record_of(job.calls["register_node"].outputs["registration"]) for job in jobs)

    assert (first["decision"], first["model_version"], first["champion"]) == ("registered", "1", None)
    assert (second["decision"], second["model_version"], second["champion"]["version"]) == ("registered", "2", "1")
    assert [(reign.version, reign.previous) for reign in read_history(registry(NAME))] == [(2, 1), (1, None)]


@pytest.mark.usefixtures("jobs")
def test_nothing_was_asked_for_that_azure_does_not_have_but_aliases(stand_in):
    assert {request for request in stand_in.mlflow.refused if "/alias" not in request} == set()
    assert stand_in.unknown == []


def test_parameters_and_the_metrics_of_every_epoch_are_there(jobs, tracking_server):
    client = MlflowClient(tracking_server)
    train, score = (client.get_run(jobs[1].run_ids[name]) for name in ("train_node", "score_node"))

    assert train.data.params["image_size"] == "8x6"
    assert train.data.params["batch_size"] == "128"
    assert train.data.params["training_data_sha256"] == sha256_of(
        jobs[1].calls["train_node"].inputs["input_data"] / TRAIN_CSV
    )
    assert train.data.metrics.keys() == {"Loss", "Accuracy", "val_loss", "val_accuracy"}
    assert [metric.step for metric in client.get_metric_history(train.info.run_id, "Loss")] == [0, 1]
    assert score.data.metrics.keys() == {"Final test loss", "Final test accuracy"}
    assert score.data.params.keys() == {"test_images", "test_data_sha256"}


def test_each_run_holds_its_files(jobs, stand_in):
    held = {name: stand_in.mlflow.artifacts.content(run_id) for name, run_id in jobs[1].run_ids.items()}
    result = files_in(jobs[1].calls["score_node"].outputs["output_result"])
    model = files_in(jobs[1].calls["train_node"].outputs["output_model"])

    assert held["prepare_data_node"] == {}
    assert held["train_node"].keys() == {"learning_curves.png"}
    assert held["score_node"] == result
    evidence = {f"evidence/{name}": result[name] for name in EVIDENCE_FILES}
    assert held["register_node"] == {f"model/{path}": content for path, content in model.items()} | evidence


def test_a_registered_version_predicts_what_the_trained_model_does(jobs, stand_in, registry, tmp_path):
    version = registry(NAME).version(2)

    assert version.run_id == jobs[1].run_ids["register_node"]
    for path, content in version_files(version, stand_in)["model"].items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    images, _ = patterned(5, 8, 6, 3)
    expected = load_model(jobs[1].calls["train_node"].outputs["output_model"]).probabilities(images)
    assert np.array_equal(load_model(tmp_path).probabilities(images), expected)


def test_the_model_was_written_by_the_mlflow_that_the_job_declares(jobs):
    saved = yaml.safe_load((jobs[0].calls["train_node"].outputs["output_model"] / "MLmodel").read_text())
    pins = dict(pin.split("==") for pin in pip_list(jobs[0].submitted.nodes["train_node"].conda_file))

    assert saved["mlflow_version"] == pins["mlflow-skinny"]


def test_a_champion_whose_figures_are_of_other_data_is_fetched_and_scored_again(jobs, stand_in, tmp_path):
    job = jobs[1]
    run_id = stand_in.mlflow.start_run("register_node")
    images, labels = patterned(24, 8, 6, 3)
    test_csv = write_csv_of(tmp_path / "other.csv", images, labels)
    challenger = shutil.copytree(job.calls["train_node"].outputs["output_model"], tmp_path / "challenger")
    (challenger / "name.txt").write_text("another model")
    wrong = [(label + 1) % 3 for label in labels.tolist()]
    digests = {"model": sha256_of(challenger), "test_data": sha256_of(test_csv)}
    result = write_results(tmp_path / "result", labels.tolist(), wrong, **digests, n_classes=3)
    better = {"champion": Value("better"), "champion_margin": Value(0.0)}
    changes = {"input_model": challenger, "input_result": result, "test_data": test_csv, **better}

    printed = job.again("register_node", run_id=run_id, inputs=changes)

    assert f"scoring the champion, {NAME} version 2, on these test data" in printed
    assert record_of(job.outputs_of(run_id) / "registration")["decision"] == "refused"


MOMENTS = {  # what is asked then, and how many times: the last is carried out, and the process killed before an answer
    "paths are taken, but nothing is in them": ("POST", "/artifacts/batch/metadata", 1),
    "some of the files have arrived": ("PUT", f"{blobs.HOST}/azureml-", 4),
    "the version is made": ("POST", "/model-versions/create", 1),
    "the champion is about to move": ("POST", "/model-versions/set-tag", 1),
}


@pytest.fixture(scope="module")
def undisturbed(jobs, stand_in):
    """The second model, registered under another name after the first; the run and the record."""
    return register_second(jobs, stand_in, "undisturbed")


def register_second(jobs, stand_in, name, moment=None):
    """Register the first model under a name, then the second, killed at a moment and run again if one is given."""
    first, second = jobs
    changes = {"model_name": Value(name)}
    first.again("register_node", run_id=stand_in.mlflow.start_run("register_node"), inputs=changes)
    run_id = stand_in.mlflow.start_run("register_node")
    if moment is not None:
        with pytest.raises(NodeFailed, match="canceled"), killed_at(*moment, stand_in.faults) as cancel:
            second.again("register_node", run_id=run_id, inputs=changes, cancel=cancel)
        assert not (second.outputs_of(run_id) / "registration/registration.json").exists()
    second.again("register_node", run_id=run_id, inputs=changes)
    return run_id, record_of(second.outputs_of(run_id) / "registration")


@contextmanager
def killed_at(method, where, number, faults):
    """Yield an event that is set, to kill the process, when it sends such a request; it never gets an answer."""
    cancel, ended, left = threading.Event(), threading.Event(), [number]

    def happens(request, otherwise):
        left[0] -= 1
        if left[0] > 0:
            return otherwise(request)
        otherwise(request)
        cancel.set()
        ended.wait(60)
        raise Dropped

    faults.listed.append(Fault(method, where, happens))
    try:
        yield cancel
    finally:
        ended.set()
        faults.clear()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_registration_that_is_killed_and_run_again_ends_as_one_that_ran_once(
    moment, jobs, stand_in, undisturbed, registry
):
    name = moment.replace(" ", "-").replace(",", "")
    _, expected = undisturbed

    run_id, record = register_second(jobs, stand_in, name, MOMENTS[moment])

    assert record == expected | {"model_name": name, "model_uri": f"models:/{name}/2"}
    assert versions_of(registry(name), stand_in) == versions_of(registry("undisturbed"), stand_in)
    assert registry(name).version(2).run_id == run_id


def versions_of(model, stand_in):
    """What the registry and the runs hold of each version, but for names and times."""
    unlike = ("pipeline_run", "evidence", "champion.")
    return [
        {
            "tags": {tag: value for tag, value in version.tags.items() if not tag.startswith(unlike)},
            "description": version.description,
            "files": version_files(version, stand_in),
            "reigns": [
                (reign.previous, reign.reason) for reign in read_history(model) if reign.version == version.number
            ],
        }
        for version in model.versions().values()
    ]


def version_files(version, stand_in):
    """The files of a version and of its evidence, each by its path below the place that the registry names."""
    held = stand_in.mlflow.artifacts.content(version.run_id)
    found = {}
    for what, uri in (("model", version.source), ("evidence", version.tags["evidence"])):
        folder = uri.partition("/artifacts/")[2] + "/"
        found[what] = {path.removeprefix(folder): content for path, content in held.items() if path.startswith(folder)}
        assert found[what]
    return found


@pytest.mark.parametrize("name", NODES[::-1])  # the last first, so that each finds its first inputs
def test_a_node_that_runs_again_leaves_what_it_left_the_first_time(name, jobs, stand_in, tracking_server, registry):
    job = jobs[1]
    before = left_by(job, name, stand_in, tracking_server, registry)

    job.again(name)

    assert left_by(job, name, stand_in, tracking_server, registry) == before
    assert before["outputs"]


def left_by(job, name, stand_in, server, registry):
    """All that a node leaves behind."""
    run_id, outputs = job.run_ids[name], {}
    for port, folder in job.calls[name].outputs.items():
        outputs[port] = model_in(folder) if port == "output_model" else files_in(folder)
    data = MlflowClient(server).get_run(run_id).data
    return {
        "outputs": outputs,
        "artifacts": stand_in.mlflow.artifacts.content(run_id),
        "parameters": data.params,
        "last metric values": data.metrics,
        "versions": {number: (version.tags, version.source) for number, version in registry(NAME).versions().items()},
        "history": read_history(registry(NAME)),
    }


def files_in(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def model_in(folder):
    """A model folder without what tells one training from its repetition: times, ids, the numbering of ONNX's nodes."""
    description = yaml.safe_load((folder / "MLmodel").read_text())
    for told in ("model_uuid", "utc_time_created", "model_size_bytes"):
        description.pop(told)
    description["metadata"].pop("sha256")
    files = files_in(folder)
    del files["MLmodel"], files["data/model.onnx"]
    with zipfile.ZipFile(BytesIO(files.pop("data/model.keras"))) as network:
        files |= {name: network.read(name) for name in ("config.json", "model.weights.h5")}
    probabilities = load_model(folder).probabilities(patterned(9, 8, 6, 3)[0])
    return {"description": description, "files": files, "probabilities": probabilities.tolist()}
