import json
import multiprocessing
from datetime import UTC, datetime

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModelAlias
from sqlalchemy import event
from sqlalchemy.orm import Session
from workspace_stand_in.fixtures import inside_a_job

from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mnist.registry.champion import (
    CHALLENGER,
    find_challenger,
    find_champion,
    promote,
    read_history,
    replace_champion,
    roll_back,
)
from mnist_pipeline.mnist.registry.client import RegisteredModel


@pytest.fixture(params=["sqlite", "server", "Azure ML"])
def model(request, tracking_server, monkeypatch):
    """An unused name in a registry: in a file, on a server, and in a workspace, which has no aliases."""
    name = f"digits-{datetime.now(UTC).timestamp()}".replace(".", "-")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    if request.param == "sqlite":
        yield RegisteredModel("digits", request.getfixturevalue("mlflow_store"))
    elif request.param == "server":
        yield RegisteredModel(name, MlflowClient(tracking_server))
    else:
        stand_in = request.getfixturevalue("stand_in")
        with inside_a_job(stand_in, tracking_server, "test-champion"):
            yield RegisteredModel(name, MlflowClient())
        assert [request for request in stand_in.mlflow.refused if "/alias" not in request] == []


@pytest.fixture
def local(mlflow_store):
    """An unused name in a registry in a file, without the time that the others take."""
    return RegisteredModel("digits", mlflow_store)


def add(model, digest, **tags):
    """Create a version, as the register step does, but for the model's files."""
    version = model.delete_duplicates(create(model, digest, **tags))
    model.set_alias(CHALLENGER, version.number)
    return version.number


def create(model, digest, **tags):
    run = model.client.create_run("0")
    facts = {**tags, "sha256.model": digest}
    return model.create_version(f"{run.info.artifact_uri}/model", run.info.run_id, facts, f"model {digest}")


def number_of(version):
    return None if version is None else version.number


def reigns(model):
    return [(reign.version, reign.previous, reign.reason) for reign in read_history(model)]


def moves_of(model, number):
    return [tag for tag in model.version(number).tags if tag.startswith("champion.")]


def test_a_model_that_does_not_exist_has_nothing(model):
    assert model.versions() == {}
    assert find_champion(model) is find_challenger(model) is None
    assert read_history(model) == []


def test_a_new_version_has_its_facts_and_is_the_challenger(model):
    number = add(model, "aa", accuracy="0.9")

    version = model.version(number)
    assert (number, version.tags, version.description) == (1, {"accuracy": "0.9", "sha256.model": "aa"}, "model aa")
    assert number_of(find_challenger(model)) == 1
    assert find_champion(model) is None


def test_the_champion_moves_and_the_registry_remembers(model):
    first, second = add(model, "aa"), add(model, "bb")

    promote(model, first, "good enough")
    promote(model, second, "better")

    assert number_of(find_champion(model)) == second
    assert reigns(model) == [(second, first, "better"), (first, None, "good enough")]
    newest, oldest = read_history(model)
    assert newest.until is None
    assert newest.since == oldest.until > oldest.since


def test_rolling_back_restores_the_previous_champion_and_a_second_rollback_undoes_it(model):
    first, second = add(model, "aa"), add(model, "bb")
    promote(model, first, "good enough")
    promote(model, second, "better")

    roll_back(model, "too slow")
    assert number_of(find_champion(model)) == first
    roll_back(model, "fast after all")

    assert [reign.version for reign in read_history(model)] == [second, first, second, first]


def test_mlflow_itself_loads_the_champion_by_its_alias(local):
    add(local, "aa")
    second = add(local, "bb")
    promote(local, second, "better")

    assert int(mlflow.MlflowClient().get_model_version_by_alias("digits", "champion").version) == second
    assert int(mlflow.MlflowClient().get_model_version_by_alias("digits", "challenger").version) == second


def test_promoting_the_champion_changes_nothing(model):
    number = add(model, "aa")
    promote(model, number, "good enough")
    before = read_history(model)

    promote(model, number, "again")

    assert read_history(model) == before


def test_a_version_that_is_not_there_cannot_be_champion(model):
    add(model, "aa")

    with pytest.raises(RegistryError, match=rf"{model.name} has no version 2; there is 1\."):
        promote(model, 2, "typed wrongly")

    assert find_champion(model) is None


def test_without_a_champion_before_there_is_nothing_to_roll_back_to(local):
    with pytest.raises(RegistryError, match="digits has no previous champion; promote a version by its number"):
        roll_back(local, "in vain")
    promote(local, add(local, "aa"), "good enough")
    with pytest.raises(RegistryError, match="digits has no previous champion; promote a version by its number"):
        roll_back(local, "in vain")


def test_a_deleted_champion_is_none(local):
    first, second = add(local, "aa"), add(local, "bb")
    promote(local, first, "good enough")
    promote(local, second, "better")
    local.client.delete_model_version("digits", str(second))  # MLflow leaves the alias where it was

    assert find_champion(local) is None


def test_a_champion_by_hand_counts_and_has_no_reason_of_its_own(local):
    first, second = add(local, "aa"), add(local, "bb")
    promote(local, first, "good enough")
    local.client.set_registered_model_alias("digits", "champion", str(second))

    assert number_of(find_champion(local)) == second
    assert read_history(local) == []


def test_a_move_that_did_not_come_about_is_no_history(local):
    first, second, third = (add(local, digest) for digest in ("aa", "bb", "cc"))
    promote(local, first, "good enough")
    local.client.set_model_version_tag(
        "digits", str(second), "champion.2999-01-01T00.00.00.000000Z", json.dumps({"previous": 1, "reason": "killed"})
    )
    promote(local, third, "better")

    assert reigns(local) == [(third, first, "better"), (first, None, "good enough")]


def test_a_move_that_was_cut_off_is_finished_and_not_told_twice(local):
    first, second = add(local, "aa"), add(local, "bb")
    promote(local, first, "good enough")
    promote(local, second, "better")
    local.client.set_registered_model_alias("digits", "champion", str(first))  # as if killed before

    promote(local, second, "better")

    assert number_of(find_champion(local)) == second
    assert len(moves_of(local, second)) == 1


@pytest.mark.parametrize("tag", ["champion.yesterday", "champion.2026-01-01T00.00.00.000000Z"])
def test_a_tag_that_is_not_ours_is_named(local, tag):
    number = add(local, "aa")
    local.client.set_model_version_tag("digits", str(number), tag, "no JSON")

    with pytest.raises(
        RegistryError, match=f"digits version 1: the tag {tag} was not written by this package; delete it"
    ):
        find_champion(local)


@pytest.mark.parametrize(("slower", "faster"), [("0.85", "0.9"), ("0.9", "0.85")])
def test_of_two_that_replace_the_same_champion_at_once_the_more_accurate_stays(model, slower, faster):
    """The slower process has seen the old champion when the faster one comes, and writes last."""
    overtaken = []

    class SlowClient(MlflowClient):
        def set_model_version_tag(self, *arguments):
            if not overtaken:
                overtaken.append(replace_champion(model, second, old, "better"))
            super().set_model_version_tag(*arguments)

    old = add(model, "aa", accuracy="0.8")
    first, second = add(model, "bb", accuracy=slower), add(model, "cc", accuracy=faster)
    promote(model, old, "good enough")
    slow = RegisteredModel(model.name, SlowClient(model.client.tracking_uri))
    better = first if slower > faster else second

    assert replace_champion(slow, first, old, "better") == better
    assert overtaken == [second]
    assert number_of(find_champion(model)) == better
    assert reigns(model)[0][0] == better
    assert reigns(model)[-1][0] == old


def test_what_a_person_promotes_is_champion_whoever_is_more_accurate(local):
    first, better = add(local, "aa", accuracy="0.8"), add(local, "bb", accuracy="0.9")
    replace_champion(local, better, None, "better")

    promote(local, first, "promoted by hand")

    assert number_of(find_champion(local)) == first


def test_a_version_does_not_replace_a_champion_that_it_was_not_compared_with(model):
    old, first, second = (add(model, digest, accuracy=f"0.{digest}") for digest in ("7", "8", "9"))
    promote(model, old, "good enough")
    replace_champion(model, first, old, "better")
    before = read_history(model)

    assert replace_champion(model, second, old, "better than the former") is None
    assert read_history(model) == before

    assert replace_champion(model, second, first, "better than the present") == second
    assert number_of(find_champion(model)) == second


def test_the_later_of_two_processes_that_give_an_alias_for_the_first_time_gives_it_again(local):
    """The other comes between the question whether the alias is there and its insertion."""
    first, second = (create(local, digest).number for digest in ("aa", "bb"))

    arrivals = iter(["the other"])

    def give_it_first(session, *_):
        if any(isinstance(row, SqlRegisteredModelAlias) for row in session.new) and next(arrivals, None):
            RegisteredModel(local.name, MlflowClient()).set_alias(CHALLENGER, second)

    event.listen(Session, "before_flush", give_it_first)
    try:
        local.set_alias(CHALLENGER, first)
    finally:
        event.remove(Session, "before_flush", give_it_first)

    assert next(arrivals, None) is None
    assert number_of(find_challenger(local)) == first


def _register_at_once(uri, barrier, digest, accuracy):
    model = RegisteredModel("contested", MlflowClient(uri))
    barrier.wait()
    number = add(model, digest, accuracy=accuracy)
    opponent = None
    while replace_champion(model, number, opponent, "registered") is None:
        champion = find_champion(model)
        if float(champion.tags["accuracy"]) >= float(accuracy):
            break
        opponent = champion.number


@pytest.mark.parametrize("digests", [("aa", "bb"), ("aa", "aa")], ids=["two models", "one model twice"])
def test_two_processes_at_once_leave_one_consistent_state(tracking_server, monkeypatch, digests):
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    model = RegisteredModel("contested", MlflowClient(tracking_server))
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [
        context.Process(target=_register_at_once, args=(tracking_server, barrier, digest, accuracy))
        for digest, accuracy in zip(digests, ("0.8", "0.9"), strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]

    versions = model.versions()
    assert sorted(version.tags["sha256.model"] for version in versions.values()) == sorted(set(digests))
    champion = find_champion(model)
    if len(set(digests)) == 2:
        assert champion.tags["accuracy"] == "0.9"
    assert reigns(model)[0][0] == champion.number
    assert find_challenger(model).number in versions
    model.client.delete_registered_model("contested")
