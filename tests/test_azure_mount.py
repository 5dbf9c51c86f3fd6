"""The steps read and write through Azure ML's own mount of blob storage, as in a job there."""

import json
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from azure.ai.ml import Input
from idx_data import patterned, write_patterned_idx
from job_environment import run_in_own_environments
from mlflow import MlflowClient

from mnist_pipeline.mnist.model.model_folder import load_model
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline

pytestmark = pytest.mark.long

SETTINGS = {"epochs": 2, "seed": 7, "min_accuracy": 0.0}


def main_job(data, model_name):
    return image_classification_pipeline(pipeline_input_data=data, model_name=model_name, **SETTINGS)


def script_job(data, model_name):
    return train_evaluate_register_pipeline(
        train_data_asset_uri=data, test_data_asset_uri=data, model_name=model_name, **SETTINGS
    )


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return write_patterned_idx(tmp_path_factory.mktemp("data") / "raw", 8, 6, n_classes=3, n_train=120, n_test=40)


@pytest.fixture(scope="module", params=[main_job, script_job])
def both(request, raw, container, environments, tracking_server, tmp_path_factory):
    """A pipeline's run on plain folders, and its run with everything on mounts."""
    folder = tmp_path_factory.mktemp(request.param.__name__)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        plain, mounted = (
            run_in_own_environments(
                request.param(Input(type="uri_folder", path=str(raw)), f"{request.param.__name__}-{kind}"),
                environments,
                tracking_server,
                folder / kind,
                data,
            )
            for kind, data in (("plain", nullcontext), ("mounted", on_mounts(container, raw)))
        )
    plain.raise_for_status()
    mounted.raise_for_status()
    return plain, mounted


def on_mounts(container, raw):
    """A context manager that lays a call's data into the container, and mounts them for it.

    The raw data, which a job finds there, are uploaded past the mount.
    """

    @contextmanager
    def mounted(call):
        with ExitStack() as mounts:
            inputs = {
                name: mounts.enter_context(container.read_only_mount(place(path)))
                for name, path in call.inputs.items()
                if isinstance(path, Path)
            }
            outputs = {
                name: mounts.enter_context(container.read_write_mount(place(path)))
                for name, path in call.outputs.items()
            }
            yield replace(call, inputs={**call.inputs, **inputs}, outputs=outputs)

    container.upload(raw, place(raw))
    return mounted


def place(path):
    """Where in the container the data are that a run on plain folders has at `path` once it has completed."""
    return path.as_posix().strip("/").replace("/outputs.partial/", "/outputs/")


def plain_outputs(both):
    """Every output of the plain run: where it is, and where the other run has the same output in the container."""
    plain, mounted = both
    for name, node in plain.nodes.items():
        for port, path in node.outputs.items():
            yield path, place(mounted.nodes[name].outputs[port])


def files_in(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_an_output_consists_of_the_same_files_as_on_a_plain_folder(both, container):
    for path, there in plain_outputs(both):
        assert container.files(there).keys() == files_in(path).keys() != set()


def test_csv_files_and_accuracy_are_the_same_byte_for_byte_and_so_is_the_decision(both, container):
    compared = set()
    for path, there in plain_outputs(both):
        uploaded = container.files(there)
        for name, content in files_in(path).items():
            if name == "registration.json":  # which holds the model's digest and version too
                assert json.loads(uploaded[name])["checks"] == json.loads(content)["checks"]
                assert json.loads(uploaded[name])["decision"] == "registered"
            elif name.endswith(".csv") or name == "accuracy.txt":
                assert uploaded[name] == content, name
            else:
                continue
            compared.add(name)
    assert compared >= {"predict_result.csv", "labels.csv"}


def test_the_trained_model_can_be_read_through_a_mount_and_predicts_the_same(both, container):
    images, _ = patterned(5, 8, 6, 3)
    (plain, there) = next((path, there) for path, there in plain_outputs(both) if (path / "MLmodel").exists())

    with container.read_only_mount(there) as folder:
        assert np.array_equal(load_model(folder).probabilities(images), load_model(plain).probabilities(images))


def test_the_mounted_model_was_registered(both, tracking_server):
    client = MlflowClient(tracking_server)
    _, mounted = both
    children = client.search_runs(
        [client.get_run(mounted.run_id).info.experiment_id], f"tags.mlflow.parentRunId = '{mounted.run_id}'"
    )
    (step,) = [child.info.run_id for child in children if child.info.run_name == "register_node"]

    (version,) = client.search_model_versions(f"run_id = '{step}'")
    assert version.status == "READY"
