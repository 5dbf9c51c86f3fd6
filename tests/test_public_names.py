"""What users import is pinned here; to take a name away, or to add one, is to change this file."""

import importlib
import subprocess
import sys

import pytest

PUBLIC = {
    "mnist_pipeline": ["PipelineRun", "__version__", "both_ways", "read_runs", "run_locally", "write_idx"],
    "mnist_pipeline.components": [
        "image_classification_evaluate_component",
        "image_classification_register_component",
        "image_classification_train_component",
        "keras_score_component",
        "keras_train_component",
        "keras_train_gpu_component",
        "prepare_data_component",
        "register_model_component",
    ],
    "mnist_pipeline.pipelines": ["image_classification_pipeline", "train_evaluate_register_pipeline"],
    "mnist_pipeline.runner": [
        "Event",
        "Mode",
        "NodeChanged",
        "NodePrinted",
        "NodeRun",
        "PipelineRun",
        "Status",
        "embedded_store",
        "read_runs",
        "run_locally",
    ],
    "mnist_pipeline.errors": [
        "CsvError",
        "DataError",
        "DownloadError",
        "IdxError",
        "ImageError",
        "MetricsError",
        "MnistPipelineError",
        "ModelError",
        "OutputError",
        "PlanError",
        "RegistryError",
        "RunError",
        "SettingError",
        "StoreError",
        "WorkspaceError",
    ],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_of_a_module_are_these_and_can_be_imported(module):
    imported = importlib.import_module(module)

    assert sorted(imported.__all__) == PUBLIC[module]
    assert [name for name in PUBLIC[module] if getattr(imported, name, None) is None] == []


@pytest.mark.parametrize("module", PUBLIC)
def test_a_name_that_is_not_there_is_an_attribute_error_as_everywhere(module):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'no_such_name'"):
        _ = importlib.import_module(module).no_such_name


def test_every_error_is_a_child_of_one_parent():
    errors = importlib.import_module("mnist_pipeline.errors")

    assert all(issubclass(getattr(errors, name), errors.MnistPipelineError) for name in PUBLIC["mnist_pipeline.errors"])
    assert all(issubclass(getattr(errors, name), errors.DataError) for name in ("IdxError", "CsvError", "ImageError"))


@pytest.mark.parametrize(
    "module",
    [
        "mnist_pipeline",
        "mnist_pipeline.components",
        "mnist_pipeline.pipelines",
        "mnist_pipeline.errors",
        "mnist_pipeline.runner",
    ],
)
def test_importing_the_package_imports_none_of_the_heavy_libraries(module):
    program = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "mnist_pipeline" in loaded
    heavy = {"azure", "keras", "matplotlib", "mldesigner", "mlflow", "onnxruntime", "pandas", "tensorflow"}
    assert heavy.isdisjoint(loaded), f"imported {heavy.intersection(loaded)}"


def test_the_steps_import_tensorflow_only_when_they_run():
    program = (
        "import sys; from mnist_pipeline.mnist.data import prep; from mnist_pipeline.mnist.model import model_folder; "
        "from mnist_pipeline.mnist.registry import promotion, register; "
        "from mnist_pipeline.mnist.scoring import score; "
        "from mnist_pipeline.mnist.training import epoch_line, hyperparameters; "
        # not azure alone: MLflow's plugin for Azure ML, where it is installed, imports azure.core
        "print('tensorflow' in sys.modules, 'azure.ai' in sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert finished.stdout.split() == ["False", "False"]


def test_composing_the_pipelines_imports_no_tensorflow():
    program = (
        "import sys; from mnist_pipeline.pipelines import image_classification_pipeline, "
        "train_evaluate_register_pipeline; print('tensorflow' in sys.modules, 'azure' in sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert finished.stdout.split() == ["False", "True"]


def test_the_help_of_the_training_script_imports_no_tensorflow():
    program = (
        "import runpy, sys\n"
        "sys.argv = ['train_script', '--help']\n"
        "try:\n    runpy.run_module('mnist_pipeline.components.train_script', run_name='__main__')\n"
        "except SystemExit as end:\n    print(end.code, 'tensorflow' in sys.modules)\n"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert finished.stdout.splitlines()[-1] == "0 False"
