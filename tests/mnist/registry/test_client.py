import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import mlflow
import pytest
from mlflow import MlflowClient
from workspace_stand_in.fixtures import inside_a_job

from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mnist.registry.client import RegisteredModel, Version, registered_models


@pytest.fixture
def model(mlflow_store):
    """An unused name in a registry in a file."""
    return RegisteredModel("digits", mlflow_store)


def create(model, digest, **tags):
    run = model.client.create_run("0")
    facts = {**tags, "sha256.model": digest}
    return model.create_version(f"{run.info.artifact_uri}/model", run.info.run_id, facts, f"model {digest}")


def test_a_version_has_the_facts_that_it_was_created_with(model):
    run = model.client.create_run("0")
    source = f"{run.info.artifact_uri}/model"

    created = model.create_version(source, run.info.run_id, {"accuracy": "0.9"}, "a good one")

    version = model.version(1)
    assert version == created
    assert version == Version("digits", 1, version.created, source, run.info.run_id, "a good one", {"accuracy": "0.9"})
    assert version.created.tzinfo is UTC
    assert abs(version.created - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_model_that_does_not_exist_has_no_versions(model):
    assert model.versions() == {}
    assert model.find_version("aa") is None
    with pytest.raises(RegistryError, match=r"digits has no version 1; there is none\."):
        model.version(1)


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("0.75", 0.75), ("1e-3", 0.001), ("nan", None), ("inf", None), ("small", None), ("", None)],
)
def test_a_tag_holds_a_number_or_it_does_not(text, number):
    version = Version("digits", 1, datetime.now(UTC), "", None, "", {"loss": text})

    assert version.number_in("loss") == number
    assert type(version.number_in("loss")) is type(number)
    assert version.number_in("accuracy") is None


def test_finding_a_version_deletes_nothing_and_deleting_duplicates_leaves_the_oldest(model):
    for digest in ("aa", "bb", "aa", "aa"):
        create(model, digest)

    assert model.find_version("aa").number == 1
    assert list(model.versions()) == [1, 2, 3, 4]

    assert model.delete_duplicates(model.version(4)).number == 1
    assert list(model.versions()) == [1, 2]
    assert model.delete_duplicates(model.version(2)).number == 2
    assert list(model.versions()) == [1, 2]


def test_versions_are_found_on_all_pages_of_a_search(tracking_server, stand_in):
    """The stand-in for a workspace puts two versions on a page."""
    name = f"many-{datetime.now(UTC).timestamp()}".replace(".", "-")
    with inside_a_job(stand_in, tracking_server, "test-client"):
        model = RegisteredModel(name, MlflowClient())
        for digest in ("aa", "bb", "cc", "dd", "ee"):
            create(model, digest)

        assert list(model.versions()) == [1, 2, 3, 4, 5]
        assert name in registered_models(model.client)


def test_a_prompt_is_no_model_though_mlflow_keeps_it_among_them(model):
    create(model, "aa")
    mlflow.genai.register_prompt("question", "What is {{this}}?")

    assert registered_models(model.client) == ["digits"]


def test_a_version_whose_files_are_gone_is_one_sentence(model, tmp_path):
    create(model, "aa")

    with pytest.raises(
        RegistryError, match=r"^digits: its files were in /.*/model, which does not exist; put them back"
    ):
        model.download_version(1, tmp_path)


def test_two_registries_are_read_side_by_side(model, runs):
    other = RegisteredModel("digits", MlflowClient(f"sqlite:///{runs}/mlflow.db"))
    create(model, "aa")

    assert (len(model.versions()), len(other.versions())) == (1, 0)
    assert (registered_models(model.client), registered_models(other.client)) == (["digits"], [])


def test_an_error_names_the_registry_that_was_asked_and_not_mlflows_present_one(model, runs):
    database = runs / "mlflow.db"
    client = MlflowClient(f"sqlite:///{database}")
    client.search_model_versions()  # which looks at the tables for the first and last time
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE model_versions RENAME TO gone")

    for ask in (RegisteredModel("digits", client).versions, lambda: registered_models(client)):
        with pytest.raises(RegistryError, match=f"the registry at sqlite:///{database}"):
            ask()
    assert model.versions() == {}
