"""The checks other than tests: the layers hold, and everything that runs checks runs the same ones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]


def test_imports_flow_one_way():
    """The contracts are in pyproject.toml; a broken one is printed with the imports that break it."""
    lint_imports = Path(sys.executable).with_name("lint-imports")

    finished = subprocess.run([lint_imports, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Layers: imports flow one way KEPT" in finished.stdout
    assert "The machine learning knows nothing of Azure KEPT" in finished.stdout


def make_targets(text: str) -> set[str]:
    return set(re.findall(r"\bmake ([a-z-]+)", text))


@pytest.mark.parametrize("path", [".ci/run", ".github/workflows/check.yml", ".pre-commit-config.yaml"])
def test_what_runs_checks_calls_make(path):
    defined = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    called = make_targets((REPOSITORY / path).read_text())

    assert called
    assert called <= defined


def test_the_hooks_before_a_commit_are_all_checks_but_the_tests():
    (repository,) = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    (lint,) = re.findall(r"^lint:(.*)", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)

    assert [hook["entry"] for hook in repository["hooks"]] == [f"make {target}" for target in lint.split()]


def test_the_workflow_runs_every_python_that_the_package_admits():
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/check.yml").read_text())
    classifiers = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (REPOSITORY / "pyproject.toml").read_text()
    )

    assert workflow["jobs"]["check"]["strategy"]["matrix"]["python"] == classifiers
