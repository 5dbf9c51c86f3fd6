import re
from pathlib import Path

import pytest
from azure.ai.ml import Input, load_component
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Command

import mnist_pipeline.components

PACKAGE = mnist_pipeline.components.__path__[0].rpartition("/")[0]
NAMES = mnist_pipeline.components.__all__
SCRIPTS = {
    "image_classification_train_component": "train_script.py",
    "image_classification_evaluate_component": "evaluate_script.py",
    "image_classification_register_component": "register_script.py",
}
REGISTER = {"register_model_component", "image_classification_register_component"}


def entity_of(function_name):
    return getattr(mnist_pipeline.components, function_name).component


@pytest.mark.parametrize("function_name", NAMES)
def test_every_port_is_described(function_name):
    entity = entity_of(function_name)

    assert all(port.description for port in (*entity.inputs.values(), *entity.outputs.values()))
    assert entity.description.endswith(".")
    assert not any(word in entity.description for word in ("Args:", "\n", "  "))


@pytest.mark.parametrize("function_name", NAMES)
def test_a_step_is_reused_unless_it_registers(function_name):
    assert entity_of(function_name).is_deterministic is (function_name not in REGISTER)


@pytest.mark.parametrize("function_name", NAMES)
def test_every_step_starts_with_a_file_in_its_snapshot(function_name):
    entity = entity_of(function_name)

    script = SCRIPTS.get(function_name)
    start = f"python components/{script} " if script else "mldesigner execute --source components/"
    assert entity.command.startswith(start)
    (source,) = [word for word in entity.command.split() if word.endswith(".py")]
    content = Path(entity.code, source).read_text()
    assert "def main()" in content if script else f'name="{entity.name}"' in content


@pytest.mark.parametrize("function_name", NAMES)
def test_a_component_called_without_outputs_in_a_pipeline_is_a_node(function_name):
    component = getattr(mnist_pipeline.components, function_name)
    entity = component.component
    folders = [name for name, port in entity.inputs.items() if port.type == "uri_folder" and not port.optional]

    @pipeline()
    def one_node(data: Input(type="uri_folder")):
        node = component(**dict.fromkeys(folders, data))
        assert isinstance(node, Command)
        assert sorted(node.outputs) == sorted(entity.outputs)

    job = one_node(data=Input(type="uri_folder", path="azureml:some_data:1"))

    (node,) = job.jobs.values()
    assert node.component.name == entity.name
    assert node.component is not entity, "into it the SDK writes what the first workspace calls it"


def test_the_score_yaml_declares_the_same_component_for_load_component():
    declared = load_component(f"{PACKAGE}/components/score.yaml")
    decorated = entity_of("keras_score_component")

    assert (declared.name, declared.display_name) == (decorated.name, decorated.display_name)
    assert declared.version != decorated.version, "two commands need two versions in one registry"
    assert {name: dict(port) for name, port in declared.inputs.items()} == {
        name: dict(port) for name, port in decorated.inputs.items()
    }
    assert {name: dict(port) for name, port in declared.outputs.items()} == {
        name: dict(port) for name, port in decorated.outputs.items()
    }
    assert declared.environment.image == decorated.environment.image
    assert declared.environment.conda_file == decorated.environment.conda_file
    assert declared.environment.version == decorated.environment.version, "the digest of the two"


def test_the_score_yaml_is_described_by_the_summary_of_the_component():
    declared = load_component(f"{PACKAGE}/components/score.yaml")

    assert entity_of("keras_score_component").description == declared.description


@pytest.mark.parametrize("function_name", NAMES)
def test_the_base_image_has_a_date(function_name):
    assert re.fullmatch(r"mcr\.microsoft\.com/azureml/.*:\d{8}\.v\d+", entity_of(function_name).environment.image)
