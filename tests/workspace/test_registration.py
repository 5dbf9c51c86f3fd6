import copy

import pytest

from mnist_pipeline import components
from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.registration import CONTENT_TAG, content_hash, register

pytest_plugins = ["command"]

NAMES = [getattr(components, name).component.name for name in components.__all__]


def puts(stand_in):
    return [request.path for request in stand_in.requests if request.method == "PUT" and "/components/" in request.path]


def test_components_are_registered_once_however_often_it_is_asked(azure, stand_in):
    first, puts_first = azure("register-components"), puts(stand_in)
    second, puts_second = azure("register-components"), puts(stand_in)

    assert first.code == second.code == 0
    for name in NAMES:
        assert f"{name}:1  registered" in first.output
        assert f"{name}:1  there already, unchanged" in second.output
    assert puts_first == puts_second
    assert first.error == second.error == ""


def test_a_registered_component_carries_its_content_hash_and_its_code(client):
    registered = register(client, prepare_data_component.component)

    found = client.components.get("prep_data", "1")
    assert registered.is_new
    assert found.tags[CONTENT_TAG] == registered.content_sha256 == content_hash(prepare_data_component.component)
    assert "/codes/" in found.code
    assert CONTENT_TAG not in prepare_data_component.component.tags
    assert "azureml:" not in str(prepare_data_component.component.code)


def test_a_component_that_changed_under_an_old_version_is_refused_and_taken_under_a_new_one(client, monkeypatch):
    component = prepare_data_component.component
    register(client, component)
    monkeypatch.setattr(component, "description", "another")

    with pytest.raises(WorkspaceError, match="prep_data is registered under version 1 already, and it has changed"):
        register(client, component)
    assert register(client, component, "2").is_new
    assert not register(client, component, "2").is_new
    assert component.version == "1"


def test_a_component_that_others_registered_is_not_taken_for_the_same(client):
    client.components.create_or_update(copy.copy(prepare_data_component.component))

    with pytest.raises(WorkspaceError, match="without the tag content_sha256 nobody can tell"):
        register(client, prepare_data_component.component)


def test_a_lost_answer_registers_no_less_and_no_more(azure, stand_in):
    stand_in.faults.lose_answer("PUT", "/components/prep_data")

    assert azure("register-components").code == 0
    assert azure("register-components").output.count("there already") == len(NAMES)


def test_no_permission_is_one_sentence(azure, stand_in):
    stand_in.faults.status("PUT", "/components/", 403, times=50)

    azure("register-components").assert_one_sentence("cannot register component", "AzureML Data Scientist")


def test_a_workspace_that_is_not_there_is_one_sentence(azure):
    azure("register-components", "--workspace", "nowhere").assert_one_sentence("no such workspace")
