import json

import pytest
from azure.ai.ml import MLClient
from azure.core.credentials import AccessToken

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.config import find_settings

CONFIG = {"subscription_id": "file-subscription", "resource_group": "file-group", "workspace_name": "file-workspace"}
VARIABLES = {
    "AZUREML_ARM_SUBSCRIPTION": "variable-subscription",
    "AZUREML_ARM_RESOURCEGROUP": "variable-group",
    "AZUREML_ARM_WORKSPACE_NAME": "variable-workspace",
}


def write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def test_options_win_over_variables_and_variables_over_the_file(tmp_path):
    write(tmp_path / "config.json", CONFIG)
    variables = {"AZUREML_ARM_RESOURCEGROUP": "variable-group"}

    found = find_settings(workspace="mine", environment=variables, start=tmp_path)

    assert (found.subscription, found.resource_group, found.workspace) == (
        "file-subscription",
        "variable-group",
        "mine",
    )
    assert found.sources == (str(tmp_path / "config.json"), "environment variables", "options")


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/project.json", "project.json"])
@pytest.mark.parametrize(
    "content", [CONFIG, {"Scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.MLS/workspaces/w"}]
)
def test_the_file_is_the_one_that_the_sdk_finds(place, content, tmp_path):
    write(tmp_path / place, content)
    deeper = tmp_path / "a" / "b"
    deeper.mkdir(parents=True)

    class Credential:
        def get_token(self, *_, **__):
            return AccessToken("token", 0)

    client = MLClient.from_config(Credential(), path=deeper)
    found = find_settings(environment={}, start=deeper)

    assert found.subscription == client.subscription_id
    assert found.resource_group == client.resource_group_name
    assert found.workspace == client.workspace_name


def test_a_config_folder_wins_over_a_nearer_plain_file_as_in_the_sdk(tmp_path):
    write(tmp_path / ".azureml/config.json", CONFIG)
    write(tmp_path / "a/config.json", {**CONFIG, "workspace_name": "nearer"})

    assert find_settings(environment={}, start=tmp_path / "a").workspace == "file-workspace"


def test_missing_settings_are_named_with_three_ways_to_give_them(tmp_path):
    with pytest.raises(WorkspaceError) as caught:
        find_settings(subscription="mine", environment={}, start=tmp_path)

    sentence = str(caught.value)
    assert "resource_group, workspace_name are not set" in sentence
    assert f"no config.json in {tmp_path} or the folders above" in sentence
    assert "--resource-group, --workspace" in sentence
    assert "AZUREML_ARM_RESOURCEGROUP, AZUREML_ARM_WORKSPACE_NAME" in sentence
    assert "download config.json" in sentence
    assert "subscription" not in sentence.lower()


def test_a_config_file_without_the_setting_is_named(tmp_path):
    write(tmp_path / "config.json", {"layers": []})

    with pytest.raises(WorkspaceError, match=r"workspace_name is not set.*config\.json does not have it"):
        find_settings("s", "g", environment={}, start=tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", "\x00"])
def test_a_damaged_config_file_is_named(text, tmp_path):
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(WorkspaceError, match=r"config\.json: not .*download it again"):
        find_settings(environment=VARIABLES, start=tmp_path)
