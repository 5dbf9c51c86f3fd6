"""`mnist-pipeline models`, as a person types it."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner

import mnist_pipeline
from mnist_pipeline.cli.main import cli
from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mnist.registry.champion import CHALLENGER, find_champion, promote, read_history
from mnist_pipeline.mnist.registry.client import RegisteredModel


@pytest.fixture
def registry(mlflow_store, monkeypatch):
    """Two versions of `digits`, of which the second replaced the first as the champion."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow.get_tracking_uri())
    model = RegisteredModel("digits", mlflow_store)
    for digest, accuracy, reason in (("aa", "0.80", "good enough"), ("bb", "0.91234", "better")):
        run = mlflow_store.create_run("0")
        source = f"{run.info.artifact_uri}/model"
        tags = {"accuracy": accuracy, "images": "1000", "hyperparameter.epochs": "3", "git_commit": "12e5"}
        tags |= {"sha256.model": digest}
        version = model.create_version(source, run.info.run_id, tags, f"decided on {digest}")
        model.set_alias(CHALLENGER, version.number)
        promote(model, version.number, reason)
    return model


def models(*arguments):
    result = CliRunner().invoke(cli, ["models", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.usefixtures("registry")
def test_all_versions_are_listed_with_their_roles():
    lines = [line.split() for line in models("list").splitlines() if "digits" in line]

    assert [line[1] for line in lines] == ["2", "1"]
    assert lines[0][2:5] == ["champion,", "challenger", "0.9123"]
    assert lines[1][2:4] == ["0.8000", "1000"]


@pytest.mark.usefixtures("registry")
def test_the_list_for_programs_has_numbers_and_zoned_times():
    rows = json.loads(models("list", "--json"))

    assert [(row["version"], row["accuracy"], row["images"]) for row in rows] == [(2, 0.91234, 1000), (1, 0.8, 1000)]
    assert [row["role"] for row in rows] == ["champion, challenger", ""]
    assert all(datetime.fromisoformat(row["created"]).utcoffset() is not None for row in rows)


@pytest.mark.usefixtures("registry")
def test_the_champion_is_shown_with_all_that_is_known_and_who_was_before():
    shown = models("show", "--model-name", "digits")

    assert re.search(r"^version +2$", shown, re.MULTILINE)
    assert re.search(r"^hyperparameter\.epochs +3$", shown, re.MULTILINE)
    assert "decided on bb" in shown
    assert re.search(r"version 2 .* now +better", shown)
    assert re.search(r"version 1 .* good enough", shown)


@pytest.mark.usefixtures("registry")
def test_any_version_can_be_shown_for_programs():
    shown = json.loads(models("show", "1", "--model-name", "digits", "--json"))

    assert (shown["version"], shown["role"], shown["accuracy"], shown["hyperparameter.epochs"]) == (1, "", 0.8, 3)
    assert [(reign["version"], reign["previous"]) for reign in shown["history"]] == [(2, 1), (1, None)]
    assert shown["git_commit"] == "12e5", "a commit that looks like a number"
    assert shown["history"][0]["until"] is None
    assert datetime.fromisoformat(shown["history"][0]["since"]).utcoffset() is not None


def test_another_version_is_promoted_and_the_reason_kept(registry):
    said = models("promote", "1", "--model-name", "digits", "--reason", "faster")

    assert said == "digits: the champion is version 1; before it was version 2\n"
    assert read_history(registry)[0].reason == "faster"


def test_rolling_back_brings_the_former_champion_back(registry):
    assert models("rollback", "--model-name", "digits").startswith("digits: the champion is version 1;")
    assert find_champion(registry).number == 1


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "7", "--model-name", "digits"], "digits has no version 7; there is 1, 2"),
        (["promote", "7", "--model-name", "digits"], "digits has no version 7; there is 1, 2"),
        (["show"], r"mnist-classifier has no champion \(its versions: none\)"),
        (["rollback"], "mnist-classifier has no previous champion"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, sentence):
    with pytest.raises(RegistryError, match=sentence):
        models(*arguments)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        (
            "models:/digits",
            "models:/digits: not a registered model; write models:/NAME/VERSION or models:/NAME@champion",
        ),
        ("models:/digits/7", "digits has no version 7; there is 1, 2"),
        ("models:/digits@nobody", "digits has no nobody; name one of its versions"),
        ("models:/letters/latest", "letters has no latest; name one of its versions"),
    ],
)
def test_a_model_that_is_not_in_the_registry_is_said_in_a_sentence(uri, sentence):
    result = CliRunner().invoke(cli, ["predict", uri, __file__])

    assert isinstance(result.exception, RegistryError)
    assert str(result.exception).startswith(sentence)


def test_looking_into_a_store_leaves_mlflow_where_it_was(mlflow_store, runs, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    assert models("list", "--output-dir", str(runs)) == "No model is registered.\n"
    assert mlflow.get_tracking_uri() == mlflow_store.tracking_uri


def test_without_a_store_the_way_to_one_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    assert "no MLflow store is there; run a pipeline first" in models("list", "--output-dir", str(tmp_path))


@pytest.mark.slow
def test_a_workspace_without_its_package_says_what_to_install(tmp_path):
    (site,) = site_packages()
    for entry in site.iterdir():  # all packages of this environment but one
        if not entry.name.startswith("azureml"):
            (tmp_path / entry.name).symlink_to(entry)
    repository = Path(mnist_pipeline.__file__).parents[1]
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{repository}{os.pathsep}{tmp_path}",
        "MLFLOW_TRACKING_URI": "azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/0",
    }

    for arguments in (["models", "list"], ["predict", "models:/digits/1", __file__]):
        finished = subprocess.run(
            [sys.executable, "-S", "-m", "mnist_pipeline", *arguments], env=variables, capture_output=True, text=True
        )
        assert finished.returncode == 1
        assert re.fullmatch(
            r"Error: .* azureml-mlflow is not installed; run `pip install 'mnist-pipeline-azureml\[azure\]'`\.\n",
            finished.stderr,
        )


def site_packages():
    return [Path(folder) for folder in sys.path if folder.endswith("site-packages")]


@pytest.mark.parametrize("uri", ["azureml:", "azureml://westeurope.api.azureml.ms/x", "azureml://user:SECRET@x"])
def test_a_tracking_uri_that_is_no_workspaces_is_one_sentence(uri, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    with pytest.raises(RegistryError, match="not the tracking URI of an Azure ML workspace; set it to") as refused:
        models("list")
    assert "SECRET" not in str(refused.value)
