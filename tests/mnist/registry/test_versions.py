import json
import multiprocessing
from datetime import UTC, datetime

import mlflow
import pytest
from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModelAlias
from sqlalchemy import event
from sqlalchemy.orm import Session
from workspace_stand_in.fixtures import inside_a_job

from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mnist.registry.versions import ModelVersions, registered_models


@pytest.fixture(params=["sqlite", "server", "Azure ML"])
def versions(request, tracking_server, monkeypatch):
    """An unused name in a registry: in a file, on a server, and in a workspace, which has no aliases."""
    name = f"digits-{datetime.now(UTC).timestamp()}".replace(".", "-")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    if request.param == "sqlite":
        request.getfixturevalue("mlflow_store")
        yield ModelVersions("digits")
    elif request.param == "server":
        previous = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(tracking_server)
        yield ModelVersions(name)
        mlflow.set_tracking_uri(previous)
    else:
        stand_in = request.getfixturevalue("stand_in")
        with inside_a_job(stand_in, tracking_server, "test-versions"):
            yield ModelVersions(name)
        assert [request for request in stand_in.mlflow.refused if "/alias" not in request] == []


@pytest.fixture
def local(mlflow_store):  # noqa: ARG001 - it is what ModelVersions finds
    """An unused name in a registry in a file, without the time that the others take."""
    return ModelVersions("digits")


def add(versions, digest, **tags):
    """Make a version, as the register step does, but for the model's files."""
    number = int(_create(versions, digest, **tags).version)
    versions.challenge(number)
    return number


def _create(versions, digest, **tags):
    run = versions.client.create_run("0")
    return versions.create(f"{run.info.artifact_uri}/model", run.info.run_id, digest, tags, f"model {digest}")


def number_of(version):
    return None if version is None else int(version.version)


def reigns(versions):
    return [(reign.version, reign.previous, reign.reason) for reign in versions.history()]


def moves_of(versions, number):
    return [tag for tag in versions.get(number).tags if tag.startswith("champion.")]


def test_a_model_that_does_not_exist_has_nothing(versions):
    assert versions.all() == {}
    assert versions.champion() is versions.challenger() is versions.find("aa") is None
    assert versions.history() == []


def test_a_new_version_has_its_facts_and_is_the_challenger(versions):
    number = add(versions, "aa", accuracy="0.9")

    version = versions.get(number)
    assert (number, version.tags, version.description) == (1, {"accuracy": "0.9", "sha256.model": "aa"}, "model aa")
    assert number_of(versions.challenger()) == 1
    assert versions.champion() is None
    assert versions.name in registered_models()


def test_a_prompt_is_no_model_though_mlflow_keeps_it_among_them(local):
    add(local, "aa")
    mlflow.genai.register_prompt("question", "What is {{this}}?")

    assert registered_models() == ["digits"]


def test_the_same_model_is_no_second_version(versions):
    add(versions, "aa")
    add(versions, "bb")

    assert add(versions, "aa") == 1
    assert list(versions.all()) == [1, 2]


def test_the_champion_moves_and_the_registry_remembers(versions):
    first, second = add(versions, "aa"), add(versions, "bb")

    assert versions.crown(first, "good enough") == first
    assert versions.crown(second, "better") == second

    assert number_of(versions.champion()) == second
    assert reigns(versions) == [(second, first, "better"), (first, None, "good enough")]
    newest, oldest = versions.history()
    assert newest.until is None
    assert newest.since == oldest.until > oldest.since


def test_rolling_back_brings_the_former_champion_back_and_doing_it_twice_the_latter(versions):
    first, second = add(versions, "aa"), add(versions, "bb")
    versions.crown(first, "good enough")
    versions.crown(second, "better")

    assert versions.roll_back("too slow") == first
    assert number_of(versions.champion()) == first
    assert versions.roll_back("fast after all") == second

    assert [reign.version for reign in versions.history()] == [second, first, second, first]


def test_mlflow_itself_loads_the_champion_by_its_alias(local):
    add(local, "aa")
    second = add(local, "bb")
    local.crown(second, "better")

    assert int(mlflow.MlflowClient().get_model_version_by_alias("digits", "champion").version) == second
    assert int(mlflow.MlflowClient().get_model_version_by_alias("digits", "challenger").version) == second


def test_crowning_the_champion_changes_nothing(versions):
    number = add(versions, "aa")
    versions.crown(number, "good enough")
    before = versions.history()

    versions.crown(number, "again")

    assert versions.history() == before


def test_a_version_that_is_not_there_cannot_be_champion(versions):
    add(versions, "aa")

    with pytest.raises(RegistryError, match=rf"{versions.name} has no version 2; there is 1\."):
        versions.crown(2, "typed wrongly")

    assert versions.champion() is None


def test_without_a_champion_before_there_is_nothing_to_roll_back_to(local):
    with pytest.raises(RegistryError, match="digits had no champion before the present one"):
        local.roll_back("in vain")
    local.crown(add(local, "aa"), "good enough")
    with pytest.raises(RegistryError, match="digits had no champion before the present one"):
        local.roll_back("in vain")


def test_a_deleted_champion_is_none(local):
    first, second = add(local, "aa"), add(local, "bb")
    local.crown(first, "good enough")
    local.crown(second, "better")
    local.client.delete_model_version("digits", str(second))  # MLflow leaves the alias where it was

    assert local.champion() is None


def test_a_champion_by_hand_counts_and_has_no_reason_of_its_own(local):
    first, second = add(local, "aa"), add(local, "bb")
    local.crown(first, "good enough")
    local.client.set_registered_model_alias("digits", "champion", str(second))

    assert number_of(local.champion()) == second
    assert local.history() == []


def test_a_move_that_did_not_come_about_is_no_history(local):
    first, second, third = (add(local, digest) for digest in ("aa", "bb", "cc"))
    local.crown(first, "good enough")
    local.client.set_model_version_tag(
        "digits", str(second), "champion.2999-01-01T00.00.00.000000Z", json.dumps({"previous": 1, "reason": "killed"})
    )
    local.crown(third, "better")

    assert reigns(local) == [(third, first, "better"), (first, None, "good enough")]


def test_a_move_that_was_cut_off_is_finished_and_not_told_twice(local):
    first, second = add(local, "aa"), add(local, "bb")
    local.crown(first, "good enough")
    local.crown(second, "better")
    local.client.set_registered_model_alias("digits", "champion", str(first))  # as if killed before

    local.crown(second, "better")

    assert number_of(local.champion()) == second
    assert len(moves_of(local, second)) == 1


@pytest.mark.parametrize("tag", ["champion.yesterday", "champion.2026-01-01T00.00.00.000000Z"])
def test_a_tag_that_is_not_ours_is_named(local, tag):
    number = add(local, "aa")
    local.client.set_model_version_tag("digits", str(number), tag, "no JSON")

    with pytest.raises(RegistryError, match=f"digits version 1: the tag {tag} is not one of this package's; delete it"):
        local.champion()


@pytest.mark.parametrize(("slower", "faster"), [("0.85", "0.9"), ("0.9", "0.85")])
def test_of_two_that_replace_the_same_champion_at_once_the_more_accurate_stays(versions, monkeypatch, slower, faster):
    """The slower process has seen the old champion when the faster one comes, and writes last."""
    old = add(versions, "aa", accuracy="0.8")
    first, second = add(versions, "bb", accuracy=slower), add(versions, "cc", accuracy=faster)
    versions.crown(old, "good enough")
    other = ModelVersions(versions.name)
    set_tag = versions.client.set_model_version_tag

    def set_tag_late(*arguments):
        monkeypatch.undo()
        assert other.contend(second, old, "better") == second
        set_tag(*arguments)

    monkeypatch.setattr(versions.client, "set_model_version_tag", set_tag_late)
    better = first if slower > faster else second

    assert versions.contend(first, old, "better") == better
    assert number_of(versions.champion()) == better
    assert reigns(versions)[0][0] == better
    assert reigns(versions)[-1][0] == old


def test_what_a_person_promotes_is_champion_whoever_is_more_accurate(local):
    first, better = add(local, "aa", accuracy="0.8"), add(local, "bb", accuracy="0.9")
    local.contend(better, None, "better")

    assert local.crown(first, "promoted by hand") == first
    assert number_of(local.champion()) == first


def test_a_version_does_not_replace_a_champion_that_it_was_not_compared_with(versions):
    old, first, second = (add(versions, digest, accuracy=f"0.{digest}") for digest in ("7", "8", "9"))
    versions.crown(old, "good enough")
    versions.contend(first, old, "better")
    before = versions.history()

    assert versions.contend(second, old, "better than the former") is None
    assert versions.history() == before

    assert versions.contend(second, first, "better than the present") == second
    assert number_of(versions.champion()) == second


def test_the_later_of_two_processes_that_give_an_alias_for_the_first_time_gives_it_again(local):
    """The other comes between the question whether the alias is there and its insertion."""
    first, second = (int(_create(local, digest).version) for digest in ("aa", "bb"))

    arrivals = iter(["the other"])

    def give_it_first(session, *_):
        if any(isinstance(row, SqlRegisteredModelAlias) for row in session.new) and next(arrivals, None):
            ModelVersions(local.name).challenge(second)

    event.listen(Session, "before_flush", give_it_first)
    try:
        local.challenge(first)
    finally:
        event.remove(Session, "before_flush", give_it_first)

    assert next(arrivals, None) is None
    assert number_of(local.challenger()) == first


def _register_at_once(uri, barrier, digest, accuracy):
    mlflow.set_tracking_uri(uri)
    versions = ModelVersions("contested")
    barrier.wait()
    number = add(versions, digest, accuracy=accuracy)
    opponent = None
    while versions.contend(number, opponent, "registered") is None:
        champion = versions.champion()
        if float(champion.tags["accuracy"]) >= float(accuracy):
            break
        opponent = int(champion.version)


@pytest.mark.parametrize("digests", [("aa", "bb"), ("aa", "aa")], ids=["two models", "one model twice"])
def test_two_processes_at_once_leave_one_consistent_state(tracking_server, monkeypatch, digests):
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    previous = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(tracking_server)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [
        context.Process(target=_register_at_once, args=(tracking_server, barrier, digest, accuracy))
        for digest, accuracy in zip(digests, ("0.8", "0.9"), strict=True)
    ]
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0, 0]
        versions = ModelVersions("contested")

        assert sorted(version.tags["sha256.model"] for version in versions.all().values()) == sorted(set(digests))
        champion = versions.champion()
        if len(set(digests)) == 2:
            assert champion.tags["accuracy"] == "0.9"
        assert reigns(versions)[0][0] == int(champion.version)
        assert int(versions.challenger().version) in versions.all()
        versions.client.delete_registered_model("contested")
    finally:
        mlflow.set_tracking_uri(previous)
