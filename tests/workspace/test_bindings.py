"""In every submitted pipeline, each `${{parent.inputs.x}}` refers to an input `x` of the same body."""

import json

import pytest
from azure.ai.ml import Input, command, load_job
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.exceptions import MlException
from azure.core.exceptions import HttpResponseError
from workspace_stand_in.bindings import dangling_bindings
from workspace_stand_in.workspace import HOST

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.workspace.specification import validate

pytest_plugins = ["command"]

DATA = Input(type="uri_folder", path="wasbs://data@account.blob.core.windows.net/mnist/")
DATA_INPUTS = {
    image_classification_pipeline: ["pipeline_input_data"],
    train_evaluate_register_pipeline: ["train_data_asset_uri", "test_data_asset_uri"],
}
PIPELINES = list(DATA_INPUTS)
POLICY = {
    "min_accuracy": 0.7,
    "accuracy_confidence": 0.95,
    "min_class_recall": 0.5,
    "max_loss": 0.9,
    "min_images": 100,
    "champion": "not_worse",  # the one rule that takes both of the next two
    "champion_margin": 0.1,
    "mcnemar_level": 0.05,
}
HYPERPARAMETERS = {
    "epochs": 3,
    "batch_size": 64,
    "learning_rate": 0.01,
    "validation_split": 0.2,
    "seed": 7,
    "network": "wide",
    "augmentation": "flip",
    "precision": "float32",
}
ALL_SET = {**POLICY, **HYPERPARAMETERS, "class_names": "bag,boot", "model_name": "another"}


def settings_of(pipeline_function):
    return {name: value for name, value in ALL_SET.items() if name in pipeline_function.ranges}


def make_job(pipeline_function, **settings):
    return pipeline_function(**dict.fromkeys(DATA_INPUTS[pipeline_function], DATA), compute="cpu-cluster", **settings)


def bodies(stand_in):
    """Return every pipeline that was sent: the jobs and the pipeline components."""
    for request in stand_in.requests:
        if request.method == "PUT" and request.host == HOST and "/jobs/" in request.path:
            yield request.json["properties"]
        if request.method == "PUT" and request.host == HOST and "/components/" in request.path:
            yield request.json["properties"]["componentSpec"]


def assert_sent_whole(stand_in, settings=()):
    sent = [body for body in bodies(stand_in) if body.get("jobs")]
    assert sent
    assert [dangling for body in sent for dangling in dangling_bindings(body)] == []
    assert "${{parent.inputs.max_loss}}" in json.dumps(sent)
    for setting in settings:
        assert f"${{{{parent.inputs.{setting}}}}}" in json.dumps(sent)
    assert stand_in.unknown == []


def test_these_tests_set_every_setting():
    assert POLICY.keys() == vars(Policy()).keys()
    assert HYPERPARAMETERS.keys() == vars(Hyperparameters()).keys()
    assert settings_of(image_classification_pipeline) == ALL_SET


def optional_limit():
    """A job with an optional input without a value, and a node that is bound to it."""
    echo = command(
        name="echo",
        command="echo $[[${{inputs.limit}}]]",
        inputs={"limit": Input(type="number", optional=True)},
        environment="azureml:echo:1",
    ).component

    @pipeline()
    def with_an_optional_input(limit: Input(type="number", optional=True) = None):
        echo(limit=limit)

    job = with_an_optional_input()
    job.settings.default_compute = "cpu-cluster"
    return job


def test_a_job_with_a_dangling_binding_is_refused(stand_in, client):
    with pytest.raises(HttpResponseError, match=r"jobs\.echo\.inputs\.limit\.value is bound to parent\.inputs\.limit"):
        client.jobs.create_or_update(optional_limit())
    assert list(stand_in.jobs) == []


def test_our_validation_refuses_it_too():
    with pytest.raises(WorkspaceError, match="inputs of the pipeline that have no value: limit; "):
        validate(optional_limit())


def test_an_optional_input_of_an_outer_pipeline_cannot_be_bound_to_a_setting(client):
    """The SDK refuses it, because no setting is optional. Otherwise the gate would lose a check."""

    @pipeline()
    def outer(data: Input(type="uri_folder"), limit: Input(type="number", optional=True) = None):
        train_evaluate_register_pipeline(train_data_asset_uri=data, test_data_asset_uri=data, max_loss=limit)

    job = outer(data=DATA)
    job.settings.default_compute = "cpu-cluster"

    with pytest.raises(MlException, match="optional Input binding to required inputs"):
        client.jobs.create_or_update(job)


@pytest.mark.parametrize("pipeline_function", PIPELINES)
@pytest.mark.parametrize("all_set", [False, True], ids=["defaults", "all set"])
class TestEveryPipeline:
    def test_with_the_plain_sdk(self, pipeline_function, all_set, stand_in, client):
        settings = settings_of(pipeline_function) if all_set else {}

        client.jobs.create_or_update(make_job(pipeline_function, **settings))

        assert_sent_whole(stand_in, settings)

    def test_nested_in_another_pipeline(self, pipeline_function, all_set, stand_in, client):
        settings = settings_of(pipeline_function) if all_set else {}

        @pipeline()
        def outer(data: Input(type="uri_folder"), limit: float = 0.3):
            given = {**dict.fromkeys(DATA_INPUTS[pipeline_function], data), **settings, "max_loss": limit}
            pipeline_function(**given, compute="cpu-cluster")

        job = outer(data=DATA)
        job.settings.default_compute = "cpu-cluster"
        client.jobs.create_or_update(job)

        assert_sent_whole(stand_in, settings)
        assert "${{parent.inputs.limit}}" in json.dumps(list(bodies(stand_in))[-1])

    def test_registered_as_a_component(self, pipeline_function, all_set, stand_in, client):
        settings = settings_of(pipeline_function) if all_set else {}

        client.components.create_or_update(make_job(pipeline_function, **settings).component, version="9")

        assert_sent_whole(stand_in, settings)
        (sent,) = (body for body in bodies(stand_in) if "jobs" in body)
        assert [name for name, port in sent["inputs"].items() if port.get("optional")] == []

    def test_after_dump_and_load(self, pipeline_function, all_set, stand_in, client, tmp_path, monkeypatch):
        settings = settings_of(pipeline_function) if all_set else {}
        monkeypatch.setattr(DATA, "path", "azureml:mnist:1")  # the SDK would put azureml: in front of any other path
        make_job(pipeline_function, **settings).dump(tmp_path / "job.yml")

        client.jobs.create_or_update(load_job(tmp_path / "job.yml"))

        assert_sent_whole(stand_in, settings)

    def test_with_our_command(self, pipeline_function, all_set, stand_in, azure):
        settings = settings_of(pipeline_function) if all_set else {}
        name = pipeline_function.__name__.removesuffix("_pipeline").replace("_", "-")
        data = [f"--data={data}={DATA.path}" for data in DATA_INPUTS[pipeline_function]]
        sets = [f"--set={setting}={value}" for setting, value in settings.items()]

        submitted = azure("submit", name, "--compute", "cpu-cluster", *data, *sets)

        assert submitted.code == 0, submitted
        assert_sent_whole(stand_in, settings)
