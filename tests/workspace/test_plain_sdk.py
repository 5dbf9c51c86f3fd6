"""The SDK alone, without our commands: what a notebook sends, and what it must not send."""

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.ai.ml import Input, MLClient
from azure.ai.ml.entities import Data, Environment, Model
from azure.identity import DefaultAzureCredential
from installs import Install, copy_checkout, editable, from_checkout, from_wheel, read_only
from workspace_stand_in import identity, running_stand_in

from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.components.snapshot import imported_files
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline

PACKAGE = Path(__file__).resolve().parents[2] / "mnist_pipeline"
CANARY = "canary-c4n4ry-that-must-not-be-seen"


def data(path="wasbs://data@account.blob.core.windows.net/mnist/"):
    return Input(type="uri_folder", path=path)


def main_job(**inputs):
    return image_classification_pipeline(pipeline_input_data=data(), compute="cpu-cluster", **inputs)


def script_job():
    return train_evaluate_register_pipeline(
        train_data_asset_uri=data(), test_data_asset_uri=data(), compute="cpu-cluster"
    )


def submit_plainly(install: Install, stand_in, folder: Path, **environment: str) -> list[str]:
    """Run plain_submit.py in a folder with a config.json; return the lines that it printed."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(stand_in.config))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE", "PYTHON", "MLFLOW"))}
    script = Path(__file__).with_name("plain_submit.py")
    process = subprocess.run(
        [install.python, script],
        cwd=folder,
        env={**kept, **install.environment, **stand_in.environment, **environment},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


@pytest.mark.parametrize("make_job", [main_job, script_job])
def test_a_job_from_a_notebook_arrives_complete(make_job, stand_in, client):
    job = make_job()
    names = list(job.jobs)

    submitted = client.jobs.create_or_update(job)

    received = stand_in.submitted_job(submitted.name)
    assert list(received.nodes) == names
    assert stand_in.unknown == []
    for node in received.nodes.values():
        assert node.image.startswith("mcr.microsoft.com/azureml/")
        assert node.component["command"].startswith(("mldesigner execute", "python components/"))


def test_a_component_that_a_notebook_registers_has_its_own_name_and_version(stand_in, client):
    registered = client.components.create_or_update(prepare_data_component)

    assert (registered.name, registered.version) == ("prep_data", "1")
    assert "components/prep_data/versions/1" in stand_in.workspace.resources.by_path
    assert stand_in.unknown == []


def test_registered_assets_are_found_again(stand_in, client, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1,2")
    client.data.create_or_update(Data(name="digits", version="7", path=tmp_path / "data", type="uri_folder"))
    client.models.create_or_update(Model(name="lenet", version="2", path=tmp_path / "data", type="custom_model"))
    client.environments.create_or_update(Environment(name="keras", version="4", image="python:3.11"))

    for assets, name, version in ((client.data, "digits", "7"), (client.models, "lenet", "2")):
        assert [asset.name for asset in assets.list()] == [name]
        assert [asset.version for asset in assets.list(name)] == [version]
        assert assets.get(name, label="latest").version == version
    assert client.environments.get("keras", label="latest").image == "python:3.11"
    assert stand_in.unknown == []


@pytest.mark.parametrize("make_job", [main_job, script_job])
def test_what_is_uploaded_for_a_node_is_what_its_step_imports_and_nothing_else(make_job, stand_in, client):
    submitted = client.jobs.create_or_update(make_job())

    nodes = stand_in.submitted_job(submitted.name).nodes
    for node in nodes.values():
        source = re.search(r"components/\w+\.py", node.component["command"])[0]
        assert node.snapshot == imported_files(PACKAGE, source)
    assert len(stand_in.workspace.resources.of_kind("codes")) == len(nodes)


@pytest.mark.parametrize("make_job", [main_job, script_job])
def test_a_second_workspace_gets_its_own_upload(make_job, stand_in, client, azurite, tmp_path, monkeypatch):
    """The SDK writes the first workspace's name of the code into a component."""
    first = client.jobs.create_or_update(make_job())

    with running_stand_in(azurite, tmp_path) as second, monkeypatch.context() as patch:
        for name, value in second.environment.items():
            patch.setenv(name, value)
        config = second.config
        other = MLClient(
            DefaultAzureCredential(), config["subscription_id"], config["resource_group"], config["workspace_name"]
        )
        again = other.jobs.create_or_update(make_job())

        assert second.unknown == []
        received = second.submitted_job(again.name)
    for name, node in stand_in.submitted_job(first.name).nodes.items():
        assert received.nodes[name].snapshot == node.snapshot


@pytest.mark.slow
def test_every_kind_of_install_submits_the_same_code(stand_in, tmp_path):
    ways = (from_checkout, editable, from_wheel, read_only)
    folders = [tmp_path / way.__name__ for way in ways]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor() as pool:
        installs = list(pool.map(lambda way, folder: way(folder), ways, folders))

    sources = []
    for install, folder in zip(installs, folders, strict=True):
        *_, source = submit_plainly(install, stand_in, folder / "notebooks", XDG_CACHE_HOME=str(folder / "cache"))
        sources.append(Path(source))

    assert [source.relative_to(tmp_path).parts[:2] for source in sources] == [
        ("from_checkout", "checkout"),
        ("editable", "elsewhere"),
        ("from_wheel", "venv"),
        ("read_only", "venv"),
    ]
    assert names_in(sources[-1]) == names_in(folders[-1] / "built/mnist_pipeline")  # nothing was written there
    assert len(stand_in.jobs) == 8
    # Of each step once: the SDK found its hash there, and sent no other.
    assert len(stand_in.workspace.resources.of_kind("codes")) == 7
    assert stand_in.unknown == []


@pytest.mark.slow
@pytest.mark.slow
def test_a_line_changed_in_scoring_uploads_no_training_again(stand_in, tmp_path):
    install = from_checkout(tmp_path)
    before = submit_plainly(install, stand_in, tmp_path / "before")
    with (tmp_path / "checkout/mnist_pipeline/mnist/scoring/metrics.py").open("a") as file:
        file.write("\n# one more line\n")

    after = submit_plainly(install, stand_in, tmp_path / "after")

    for job, changed in ((0, {"score_node", "register_node"}), (1, {"evaluate_node", "register_node"})):
        one, other = (stand_in.submitted_job(lines[job]).nodes for lines in (before, after))
        assert {name for name in one if one[name].component["code"] != other[name].component["code"]} == changed


@pytest.mark.slow
def test_a_secret_in_a_nearby_file_is_never_sent(stand_in, tmp_path):
    checkout = copy_checkout(tmp_path / "checkout")
    plant_canaries(checkout)
    install = from_checkout(tmp_path)
    assert Path(install.environment["PYTHONPATH"]) == checkout

    lines = submit_plainly(install, stand_in, tmp_path / "notebooks", MY_TOKEN=CANARY, MLFLOW_TRACKING_PASSWORD=CANARY)

    assert [str(request) for request in stand_in.requests if mentions(CANARY, request)] == []
    secret = stand_in.principal.secret
    assert {request.host for request in stand_in.requests if mentions(secret, request)} == {identity.HOST}
    for name in lines[:2]:
        for node in stand_in.submitted_job(name).nodes.values():
            assert not [path for path, content in node.snapshot.items() if CANARY.encode() in content]


def names_in(folder: Path) -> set[Path]:
    """The names of all files and folders in a folder, without bytecode."""
    return {path.relative_to(folder) for path in folder.rglob("*") if "__pycache__" not in path.parts}


def plant_canaries(checkout: Path) -> None:
    """Put a secret where people leave secrets: next to the package, in it, and in each of its folders."""
    package = checkout / "mnist_pipeline"
    folders = [checkout, package, package / "components", package / "mnist", package / "components/environments"]
    files = [".env", "config.json", "notes.ipynb", "model.keras", "train.csv", "__pycache__/train.cpython-311.pyc"]
    files += ["mnist-runs/run-1/log.txt", ".azure/token.json", ".git/config", "id_rsa", ".ipynb_checkpoints/notes.py"]
    for folder in folders:
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(CANARY)


def mentions(secret: str, request) -> bool:
    """Tell whether the body, the address or the headers of a request contain a secret."""
    return secret.encode() in b"\n".join([request.body, request.target.encode(), repr(request.headers).encode()])
