"""The private members of the SDK that `mnist_pipeline/sdk.py` uses, each on the SDK's own objects."""

import ast
import inspect
from pathlib import Path
from types import SimpleNamespace

import pytest
from azure.ai.ml import Input, MLClient, Output, __version__, command
from azure.ai.ml.dsl import pipeline
from azure.identity import ClientSecretCredential

import mnist_pipeline

PACKAGE = Path(mnist_pipeline.__file__).parent
BROKEN = (
    f"azure-ai-ml {__version__} differs from what mnist_pipeline/sdk.py uses, the one file to change; look at the "
    "SDK's azure/ai/ml/entities and azure/ai/ml/operations"
)


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """A folder with a script, and one file that is not uploaded."""
    folder = tmp_path_factory.mktemp("code")
    (folder / "step.py").write_text("print('hello')\n")
    (folder / "notes.txt").touch()
    (folder / ".amlignore").write_text("notes.txt\n")
    return folder


@pytest.fixture(scope="module")
def job(code):
    """A pipeline job of one node."""
    step = command(
        name="step",
        code=code,
        command="python step.py",
        inputs={"data": Input(type="uri_folder")},
        outputs={"result": Output(type="uri_folder")},
        environment="any:1",
    ).component

    @pipeline()
    def one_node(data: Input(type="uri_folder")):
        node = step(data=data)
        return {"result": node.outputs.result}

    return one_node(data=Input(type="uri_folder", path="azureml:mnist:1"))


@pytest.fixture(scope="module")
def sdk(job, code):
    """The job, its node, its code, and a client that has not spoken to Azure."""
    credential = ClientSecretCredential("tenant", "id", "secret")
    client = MLClient(credential, "subscription", "group", "workspace")
    return SimpleNamespace(job=job, node=job.jobs["node"], code=code, client=client)


def validate(sdk):
    errors = sdk.job._validate()._errors
    assert ["compute" in error.yaml_path and isinstance(error.message, str) for error in errors] == [True]
    assert sdk.node.component._validate()._errors == []


def data(sdk):
    assert sdk.job.inputs["data"]._data.path == "azureml:mnist:1"


def build_inputs(sdk):
    assert sdk.node._build_inputs()["data"].path == "${{parent.inputs.data}}"


def build_outputs(sdk):
    assert sdk.node._build_outputs()["result"].path == "${{parent.outputs.result}}"


def build_code(sdk):
    with sdk.node.component._build_code() as built:
        assert Path(built.path) == sdk.code
        assert len(bytes.fromhex(built._hash_sha256)) == 32
        assert built._ignore_file.is_file_excluded(sdk.code / "notes.txt")


def get_upload_files_from_folder(sdk):
    from azure.ai.ml._utils import _asset_utils

    ignore_file = _asset_utils.get_ignore_file(sdk.code)
    listed = _asset_utils.get_upload_files_from_folder(sdk.code, ignore_file=ignore_file)
    assert (str(sdk.code / "step.py"), "step.py") in [(str(source), name) for source, name in listed]
    assert "notes.txt" not in [name for _, name in listed]


def component_ignore_file(sdk):
    from azure.ai.ml.entities._component.code import ComponentIgnoreFile

    with sdk.node.component._build_code() as built:
        assert type(built._ignore_file) is ComponentIgnoreFile
    ignore_file = ComponentIgnoreFile(sdk.code)
    assert ignore_file.is_file_excluded(sdk.code / "notes.txt")
    assert ignore_file.is_file_excluded(sdk.code / "__pycache__" / "step.pyc")
    assert not ignore_file.is_file_excluded(sdk.code / "step.py")


def registered_code(sdk):
    assert parameters_of(sdk.client._code.get) == ["name", "version"]


def runs_operations(sdk):
    from azure.ai.ml.operations._run_operations import RunOperations

    assert_property(sdk.client.jobs, "_runs_operations")
    assert parameters_of(RunOperations.get_run_data) == ["self", "run_id"]
    assert parameters_of(RunOperations.get_run_details) == ["self", "run_id"]


def dataset_operations(sdk):
    from azure.ai.ml.operations._dataset_dataplane_operations import DatasetDataplaneOperations

    assert_property(sdk.client.jobs, "_dataset_dataplane_operations")
    assert parameters_of(DatasetDataplaneOperations.get_batch_dataset_uris) == ["self", "dataset_ids"]


def model_operations(sdk):
    from azure.ai.ml._restclient.model_dataplane.operations import ModelsOperations
    from azure.ai.ml.operations._model_dataplane_operations import ModelDataplaneOperations

    assert_property(sdk.client.jobs, "_model_dataplane_operations")
    assert callable(ModelsOperations.batch_get_resolved_uris)
    service = SimpleNamespace(models=object())
    scope, config = sdk.client._operation_scope, sdk.client._operation_config
    assert ModelDataplaneOperations(scope, config, service)._operation is service.models


def download_artifact(sdk):  # noqa: ARG001 - a function, not a member
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    assert parameters_of(download_artifact_from_aml_uri) == ["uri", "destination", "datastore_operation"]


def parameters_of(function):
    return list(inspect.signature(function).parameters)


def assert_property(owner, name):
    """A property that is not read: these ask Azure for an address."""
    assert isinstance(inspect.getattr_static(owner, name), property)


def node_component(sdk):
    assert sdk.node._component is sdk.node.component


CHECKS = {
    "_validate": validate,
    "_errors": validate,
    "_data": data,
    "_build_inputs": build_inputs,
    "_build_outputs": build_outputs,
    "_build_code": build_code,
    "_hash_sha256": build_code,
    "_ignore_file": build_code,
    "azure.ai.ml._utils._asset_utils.get_ignore_file": get_upload_files_from_folder,
    "azure.ai.ml.entities._component.code.ComponentIgnoreFile": component_ignore_file,
    "azure.ai.ml._utils._asset_utils.get_upload_files_from_folder": get_upload_files_from_folder,
    "_code": registered_code,
    "_runs_operations": runs_operations,
    "_dataset_dataplane_operations": dataset_operations,
    "_model_dataplane_operations": model_operations,
    "_operation": model_operations,
    "azure.ai.ml._artifacts._artifact_utilities.download_artifact_from_aml_uri": download_artifact,
}


@pytest.mark.parametrize("check", [*dict.fromkeys(CHECKS.values()), node_component], ids=lambda check: check.__name__)
def test_a_private_member_of_the_sdk_is_as_it_was(check, sdk):
    try:
        check(sdk)
    except (AssertionError, AttributeError, ImportError, KeyError, TypeError, ValueError) as error:
        pytest.fail(f"{BROKEN}: {type(error).__name__}: {error}")


def private_members_in(file):
    """The attributes of other objects that begin with an underscore, and what is imported from private modules."""
    found = set()
    for part in ast.walk(ast.parse(file.read_text())):
        if isinstance(part, ast.Attribute) and part.attr.startswith("_") and not part.attr.startswith("__"):
            if not (isinstance(part.value, ast.Name) and part.value.id in ("self", "cls")):
                found.add(part.attr)
        elif isinstance(part, ast.ImportFrom) and part.module and "._" in part.module:
            found |= {f"{part.module}.{alias.name}" for alias in part.names}
    return found


def test_every_private_member_that_is_used_has_a_check_and_stands_in_the_docstring():
    used = private_members_in(PACKAGE / "sdk.py")

    assert used == CHECKS.keys()
    docstring = ast.get_docstring(ast.parse((PACKAGE / "sdk.py").read_text()))
    assert [name for name in used if f"`{name.rpartition('.')[2]}`" not in docstring] == []


def test_no_other_file_of_the_package_uses_private_members():
    used = {
        file.relative_to(PACKAGE).as_posix(): members
        for file in PACKAGE.rglob("*.py")
        if file.name != "sdk.py" and (members := private_members_in(file))
    }

    mlflow = {  # what MLflow has no public name for
        "mnist/registry/client.py": {"_registry_uri"},
        "runner/mlflow_state.py": {"_active_experiment_id", "_active_run_stack", "_last_active_run_id"},
    }
    assert used == {"components/both_ways.py": {"_component"}, **mlflow}
