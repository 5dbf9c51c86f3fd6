import copy
import json

import pytest
from azure.ai.ml import Input, Output, command
from azure.ai.ml.entities import Environment

from mnist_pipeline import components
from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.component_registration import register

pytest_plugins = ["command"]

NAMES = [getattr(components, name).component.name for name in components.__all__]


def step(
    *,
    low=1,
    high=5,
    times=2,
    words=("a", "b"),
    output="uri_folder",
    line="echo ${{inputs.times}} ${{inputs.word}}",
    image="python:3.11",
    packages=("numpy==2.4.0",),
    code=None,
    description="Say it.",
    environment=None,
):
    """Return a component with every kind of input; its environment is inline unless one is named."""
    conda_file = {"channels": ["conda-forge"], "dependencies": ["python=3.11", "pip", {"pip": list(packages)}]}
    return command(
        name="step",
        version="1",
        description=description,
        command=line,
        code=code,
        inputs={
            "data": Input(type="uri_folder", optional=True),
            "times": Input(type="integer", default=times, min=low, max=high),
            "share": Input(type="number", default=0.5, min=0, max=1),
            "word": Input(type="string", default=words[0], enum=list(words)),
            "loud": Input(type="boolean", default=True),
        },
        outputs={"out": Output(type=output)},
        environment=environment or Environment(image=image, conda_file=conda_file),
    ).component


def puts(stand_in):
    return [request.path for request in stand_in.requests if request.method == "PUT" and "/components/" in request.path]


def test_registering_a_component_twice_makes_one_version(azure, stand_in):
    first, puts_first = azure("register-components"), puts(stand_in)
    second, puts_second = azure("register-components"), puts(stand_in)

    assert first.code == second.code == 0
    for name in NAMES:
        assert f"{name}:1  registered" in first.output
        assert f"{name}:1  already there, unchanged" in second.output
    assert puts_first == puts_second
    assert first.error == second.error == ""


def test_json_is_one_object_per_component(azure):
    first, second = (
        [json.loads(line) for line in azure("register-components", "--json").output.splitlines()] for _ in range(2)
    )

    assert [answer["name"] for answer in first] == NAMES
    assert {(answer["version"], answer["is_new"]) for answer in first} == {("1", True)}
    assert {answer["is_new"] for answer in second} == {False}


def test_registering_does_not_change_the_component(client):
    register(client, prepare_data_component.component, "2")

    assert prepare_data_component.component.version == "1"
    assert "azureml:" not in str(prepare_data_component.component.code)


@pytest.mark.parametrize("name", components.__all__)
def test_a_component_that_the_plain_sdk_registered_counts_as_the_same(name, client):
    component = getattr(components, name).component
    client.components.create_or_update(copy.copy(component))

    assert not register(client, component).is_new


def test_ranges_choices_and_defaults_are_compared_by_value(client):
    component = step()
    client.components.create_or_update(copy.copy(component))

    assert not register(client, component).is_new
    for changed, place in [
        (step(low=2), "inputs.times"),
        (step(high=4), "inputs.times"),
        (step(times=3), "inputs.times"),
        (step(words=("a", "c")), "inputs.word"),
        (step(output="uri_file"), "outputs.out"),
        (step(line="echo no"), "command"),
        (step(image="python:3.12"), "environment.image"),
        (step(packages=("numpy==2.4.6",)), "environment.conda_file"),
    ]:
        with pytest.raises(WorkspaceError, match=rf"step version 1 is already registered .* \({place}\);"):
            register(client, changed)


def test_changed_code_is_detected_by_its_hash(client, tmp_path):
    (tmp_path / "step.py").write_text("print(1)")
    client.components.create_or_update(step(code=tmp_path))
    assert not register(client, step(code=tmp_path)).is_new

    (tmp_path / "step.py").write_text("print(2)")

    with pytest.raises(WorkspaceError, match=r"different content \(code\); give a new version with --version"):
        register(client, step(code=tmp_path))
    assert register(client, step(code=tmp_path), "2").is_new


def test_a_registered_environment_is_compared_by_name_and_version(client):
    for version in "12":
        client.environments.create_or_update(Environment(name="mine", version=version, image="python:3.11"))
    client.components.create_or_update(step(environment="azureml:mine:1"))

    assert not register(client, step(environment="azureml:mine:1")).is_new
    with pytest.raises(WorkspaceError, match=r"different content \(environment\)"):
        register(client, step(environment="azureml:mine:2"))


def test_every_difference_is_named(client):
    client.components.create_or_update(step())

    with pytest.raises(WorkspaceError, match=r"different content \(command, description, inputs\.word\);"):
        register(client, step(line="echo no", words=("x", "y"), description="another"))


@pytest.mark.parametrize("status", [400, 409])
def test_a_refusal_because_the_component_exists_is_a_success(status, client, stand_in):
    """The answer was lost, and the SDK sent the request again. Azure answers 400 for an immutable field."""
    stand_in.faults.lose_answer("PUT", "/components/step")
    stand_in.faults.status("PUT", "/components/step", status)

    assert register(client, step()).is_new
    assert not register(client, step()).is_new


@pytest.mark.parametrize("status", [400, 409])
def test_any_other_refusal_is_an_error(status, client, stand_in):
    stand_in.faults.status("PUT", "/components/step", status)

    with pytest.raises(WorkspaceError, match="cannot register component step:1"):
        register(client, step())


def test_a_lost_answer_still_registers_exactly_one_version(azure, stand_in):
    stand_in.faults.lose_answer("PUT", "/components/prep_data")

    assert azure("register-components").code == 0
    assert azure("register-components").output.count("already there") == len(NAMES)


def test_no_permission_is_one_sentence(azure, stand_in):
    stand_in.faults.status("PUT", "/components/", 403, times=50)

    azure("register-components").assert_one_sentence("cannot register component", "AzureML Data Scientist")


def test_a_missing_workspace_is_one_sentence(azure):
    azure("register-components", "--workspace", "nowhere").assert_one_sentence("the workspace does not exist")
