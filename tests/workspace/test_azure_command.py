"""The command in its own process: what it imports at the start, and what it does without a workspace."""

import ast
import os
import re
import subprocess
import sys

import pytest


def command(*arguments, cwd):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE", "MLFLOW_"))}
    return subprocess.run(
        [sys.executable, "-m", "mnist_pipeline", "azure", *arguments],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "name",
    [
        "doctor",
        "list",
        "submit",
        "stream",
        "children",
        "logs",
        "download",
        "cancel",
        "register-components",
        "export",
        None,
    ],
)
def test_each_command_has_its_help(name, tmp_path):
    finished = command(*([name] if name else []), "--help", cwd=tmp_path)

    assert finished.returncode == 0
    assert finished.stdout.startswith("Usage: mnist-pipeline azure")


def test_the_command_starts_without_importing_the_azure_sdk():
    program = "import sys, mnist_pipeline.cli.main; print([m for m in sys.modules if m.startswith('azure')])"

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ast.literal_eval(finished.stdout) == []


def test_without_settings_a_submit_is_one_sentence(tmp_path):
    finished = command("submit", "image-classification", "--data", "azureml:digits:1", cwd=tmp_path)

    assert finished.returncode == 1
    assert finished.stderr.startswith("Error: the workspace's subscription_id, resource_group, workspace_name are not")
    assert finished.stderr.count("\n") == 1


def test_every_requirement_of_the_policy_is_an_input_with_a_type(tmp_path):
    policy = ["accuracy_confidence=0.95", "min_class_recall=0.7", "max_loss=0.5", "min_images=1000"]
    policy += ["champion=better", "mcnemar_level=0.05"]
    options = [part for setting in policy for part in ("--set", setting)]

    shown = command("submit", "image-classification", "--data", "sample", "--dry-run", *options, cwd=tmp_path)
    refused = command(
        "submit", "image-classification", "--data", "sample", "--dry-run", "--set", "min_images=many", cwd=tmp_path
    )

    assert shown.returncode == 0, shown.stderr
    for setting in policy:
        name, value = setting.split("=")
        assert re.search(rf"^  {name}: '?{value}'?$", shown.stdout, re.MULTILINE), f"{name} in {shown.stdout}"
    assert "min_images is 'many'; it must be a whole number of at least 0." in refused.stderr


def test_an_export_and_a_dry_run_need_no_settings(tmp_path):
    exported = command("export", "prep_data", "prep.yml", cwd=tmp_path)
    dry = command("submit", "image-classification", "--data", "azureml:digits:1", "--dry-run", cwd=tmp_path)

    assert exported.returncode == dry.returncode == 0
    assert exported.stderr == dry.stderr == ""
    assert (tmp_path / "prep.yml").is_file()


def test_exporting_an_unknown_name_lists_the_known_ones(tmp_path):
    finished = command("export", "flying", "x.yml", cwd=tmp_path)

    assert finished.returncode == 2
    assert "prep_data" in finished.stderr
