import re
from pathlib import Path

import pytest
from azure.ai.ml import Input, load_component
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Command

import mnist_pipeline.components
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters
from mnist_pipeline.settings import Range, ranges_of

PACKAGE = mnist_pipeline.components.__path__[0].rpartition("/")[0]
FOLDER = ("uri_folder", None, False)  # type, default, optional
DEFAULTS = Hyperparameters()

INTERFACES = {
    "prepare_data_component": {
        "name": "prep_data",
        "display_name": "Prep Data",
        "inputs": {"input_data": FOLDER},
        "outputs": {"training_data": "uri_folder", "test_data": "uri_folder"},
    },
    "keras_train_component": {
        "name": "train_image_classification_keras",
        "display_name": "Train Image Classification Keras",
        "inputs": {
            "input_data": FOLDER,
            "idx_data": ("uri_folder", None, True),
            "epochs": ("integer", 10, False),
            "batch_size": ("integer", DEFAULTS.batch_size, False),
            "learning_rate": ("number", DEFAULTS.learning_rate, False),
            "validation_split": ("number", DEFAULTS.validation_split, False),
            "seed": ("integer", DEFAULTS.seed, False),
            "network": ("string", DEFAULTS.network, False),
            "augmentation": ("string", DEFAULTS.augmentation, False),
            "precision": ("string", DEFAULTS.precision, False),
            "image_rows": ("integer", 0, False),
            "class_names": ("string", "none", False),
        },
        "outputs": {"output_model": "mlflow_model"},
    },
    "keras_score_component": {
        "name": "score_image_classification_keras",
        "display_name": "Score Image Classification Keras",
        "inputs": {"input_data": FOLDER, "input_model": FOLDER},
        "outputs": {"output_result": "uri_folder"},
    },
    "register_model_component": {
        "name": "register_image_classification_keras",
        "display_name": "Register Image Classification Keras",
        "inputs": {
            "input_model": FOLDER,
            "input_result": FOLDER,
            "test_data": ("uri_folder", None, True),
            "model_name": ("string", "mnist-classifier", False),
            "min_accuracy": ("number", 0.8, False),
            "accuracy_confidence": ("number", 0.0, False),
            "min_class_recall": ("number", 0.0, False),
            "max_loss": ("number", 0.0, False),
            "min_images": ("integer", 0, False),
            "champion": ("string", "not_worse", False),
            "champion_margin": ("number", 0.0, False),
            "mcnemar_level": ("number", 0.0, False),
        },
        "outputs": {"registration": "uri_folder"},
    },
}


INTERFACES["keras_train_gpu_component"] = {
    **INTERFACES["keras_train_component"],
    "name": "train_image_classification_keras_gpu",
    "display_name": "Train Image Classification Keras on a GPU",
}


def entity_of(function_name):
    return getattr(mnist_pipeline.components, function_name).component


def ports_of(inputs):
    return {name: (port.type, port.default, bool(port.optional)) for name, port in inputs.items()}


@pytest.mark.parametrize("function_name", INTERFACES)
def test_names_ports_and_defaults_stay_what_other_programs_rely_on(function_name):
    entity, interface = entity_of(function_name), INTERFACES[function_name]

    assert (entity.name, entity.version, entity.display_name) == (interface["name"], "1", interface["display_name"])
    assert ports_of(entity.inputs) == interface["inputs"]
    assert {name: port.type for name, port in entity.outputs.items()} == interface["outputs"]


@pytest.mark.parametrize("function_name", INTERFACES)
def test_every_port_is_described(function_name):
    entity = entity_of(function_name)

    assert all(port.description for port in (*entity.inputs.values(), *entity.outputs.values()))
    assert entity.description.endswith(".")
    assert not any(word in entity.description for word in ("Args:", "\n", "  "))


@pytest.mark.parametrize("function_name", INTERFACES)
def test_a_step_is_reused_unless_it_registers(function_name):
    assert entity_of(function_name).is_deterministic is (function_name != "register_model_component")


@pytest.mark.parametrize("function_name", INTERFACES)
def test_every_step_starts_with_the_component_file_in_its_snapshot(function_name):
    entity = entity_of(function_name)

    *start, source = entity.command.split()[:4]
    assert start == ["mldesigner", "execute", "--source"]
    assert f'name="{entity.name}"' in Path(entity.code, source).read_text()


@pytest.mark.parametrize("function_name", INTERFACES)
def test_a_component_called_without_outputs_in_a_pipeline_is_a_node(function_name):
    folders = {name: FOLDER for name, port in INTERFACES[function_name]["inputs"].items() if port == FOLDER}
    component = getattr(mnist_pipeline.components, function_name)

    @pipeline()
    def one_node(data: Input(type="uri_folder")):
        node = component(**dict.fromkeys(folders, data))
        assert isinstance(node, Command)
        assert sorted(node.outputs) == sorted(INTERFACES[function_name]["outputs"])

    job = one_node(data=Input(type="uri_folder", path="azureml:some_data:1"))

    (node,) = job.jobs.values()
    assert node.component.name == INTERFACES[function_name]["name"]


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


@pytest.mark.parametrize(
    ("function_name", "settings"), [("keras_train_component", Hyperparameters), ("register_model_component", Policy)]
)
def test_the_ports_of_settings_declare_type_range_and_choices(function_name, settings):
    ports = entity_of(function_name).inputs

    for name, range_ in ranges_of(settings).items():
        declared = Range(ports[name].type, ports[name].min, ports[name].max, tuple(ports[name].enum or ()))
        assert declared == range_


@pytest.mark.parametrize("function_name", INTERFACES)
def test_the_base_image_has_a_date(function_name):
    assert re.fullmatch(r"mcr\.microsoft\.com/azureml/.*:\d{8}\.v\d+", entity_of(function_name).environment.image)
