"""The versions of a model as a table."""

import mlflow
import pandas as pd
import pytest

from mnist_pipeline.mnist.registry.champion import CHALLENGER, promote, read_history
from mnist_pipeline.mnist.registry.client import RegisteredModel
from mnist_pipeline.mnist.registry.model_versions import model_versions

DTYPES = {
    "version": "int64",
    "champion": "bool",
    "challenger": "bool",
    "champion_since": "datetime64[ns, UTC]",
    "created": "datetime64[ns, UTC]",
    "accuracy": "float64",
    "loss": "float64",
    "images": "Int64",
    "test_data": "string",
    "pipeline_run": "string",
    "git_commit": "string",
}


@pytest.fixture
def model(mlflow_store):
    """Three versions of `digits`: the first was champion, the second is, the third has an accuracy alone."""
    model = RegisteredModel("digits", mlflow_store)
    for digest, tags in (
        ("aa", {"accuracy": "0.8", "loss": "0.5", "images": "1000", "sha256.test_data": "7e57", "git_commit": "12e5"}),
        ("bb", {"accuracy": "0.9", "loss": "0.25", "images": "1000", "sha256.test_data": "7e57"}),
        ("cc", {"accuracy": "0.7"}),
    ):
        run = mlflow_store.create_run("0")
        facts = {**tags, "sha256.model": digest, "pipeline_run": run.info.run_id}
        version = model.create_version(f"{run.info.artifact_uri}/model", run.info.run_id, facts, "a model")
        model.set_alias(CHALLENGER, version.number)
    promote(model, 1, "the first")
    promote(model, 2, "better")
    return model


def test_each_version_is_a_row_with_numbers_as_numbers(model):
    table = model_versions("digits")

    assert table.dtypes.astype(str).to_dict() == DTYPES
    assert table["version"].tolist() == [1, 2, 3]
    assert table["champion"].tolist() == [False, True, False]
    assert table["challenger"].tolist() == [False, False, True]
    assert table["accuracy"].tolist() == [0.8, 0.9, 0.7]
    assert table["loss"].isna().tolist() == [False, False, True]
    assert table["images"].tolist() == [1000, 1000, pd.NA]
    assert table["test_data"].tolist() == ["7e57", "7e57", pd.NA]
    assert table["git_commit"].tolist() == ["12e5", pd.NA, pd.NA]
    assert table["created"].tolist() == [version.created for version in model.versions().values()]


def test_only_the_champion_has_been_champion_since_a_time(model):
    since = model_versions("digits").set_index("version")["champion_since"]

    assert since[2] == read_history(model)[0].since
    assert since.isna().to_dict() == {1: True, 2: False, 3: True}


def test_a_champion_whose_alias_mlflow_itself_set_has_no_time(model):
    model.client.set_registered_model_alias("digits", "champion", "3")

    table = model_versions("digits")

    assert table["champion"].tolist() == [False, False, True]
    assert table["champion_since"].isna().all()


def test_a_model_that_does_not_exist_is_a_table_without_rows(model):  # noqa: ARG001 - a store
    table = model_versions("letters")

    assert len(table) == 0
    assert table.dtypes.astype(str).to_dict() == DTYPES


def test_the_registry_is_the_one_at_the_uri(model, runs):
    assert len(model_versions("digits", f"sqlite:///{runs}/mlflow.db")) == 0
    assert len(model_versions("digits", model.client.tracking_uri)) == 3
    assert mlflow.get_tracking_uri() == model.client.tracking_uri
