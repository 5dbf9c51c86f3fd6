"""The shape of the main pipeline, which the cloud and this machine share."""

import pytest
import yaml
from azure.ai.ml import Input

from mnist_pipeline.components.environment import KERAS, KERAS_GPU
from mnist_pipeline.pipelines import image_classification_pipeline

DATA = Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/mnist/")


def test_its_nodes_have_the_names_that_others_rely_on():
    job = image_classification_pipeline(pipeline_input_data=DATA)

    assert list(job.jobs) == ["prepare_data_node", "train_node", "score_node", "register_node"]
    assert list(job.outputs) == ["model", "result", "registration"]


def test_the_training_can_have_a_compute_of_its_own():
    job = image_classification_pipeline(pipeline_input_data=DATA, compute="cpu", train_compute="gpu")

    computes = {name: node.compute for name, node in job.jobs.items()}
    assert computes.pop("train_node") == "gpu"
    assert set(computes.values()) == {"cpu"}
    assert job._validate().passed


def test_the_training_alone_gets_the_gpu_environment():
    cpu_job = image_classification_pipeline(pipeline_input_data=DATA, compute="cpu")
    gpu_job = image_classification_pipeline(pipeline_input_data=DATA, compute="cpu", train_compute="gpu", gpu=True)

    assert gpu_job._validate().passed
    images = {name: job["component"]["environment"]["image"] for name, job in gpu_job._to_dict()["jobs"].items()}
    assert images.pop("train_node") == KERAS_GPU["image"]
    assert images == dict.fromkeys(images, KERAS["image"])
    declared = gpu_job.jobs["train_node"].component.environment.conda_file
    assert declared == yaml.safe_load(KERAS_GPU["conda_file"].read_text())
    assert list(gpu_job.jobs) == list(cpu_job.jobs)
    assert gpu_job.inputs.keys() == cpu_job.inputs.keys(), "the switch is for whoever submits, not a setting of the job"


def test_an_environment_set_on_a_node_would_not_be_sent():
    """Why the training on a GPU is a component of its own; should this fail some day, it need not be any longer."""
    node = image_classification_pipeline(pipeline_input_data=DATA).jobs["train_node"]
    node._component = "azureml:train:1"

    node.environment = "azureml:another:1"

    assert "another" not in str(node._to_rest_object())


def test_the_default_compute_serves_where_none_is_named():
    job = image_classification_pipeline(pipeline_input_data=DATA)
    job.settings.default_compute = "cpu"

    assert {node.compute for node in job.jobs.values()} == {None}
    assert job._validate().passed


def test_the_data_are_required_although_the_training_could_do_without():
    job = image_classification_pipeline(pipeline_input_data=DATA)

    assert not job.component.inputs["pipeline_input_data"].optional


@pytest.mark.parametrize("port", ["model_name", "min_accuracy", "epochs", "seed"])
def test_its_settings_are_inputs_of_the_job(port):
    assert port in image_classification_pipeline(pipeline_input_data=DATA).inputs
