"""The name under which pip knows this package.

On PyPI, `mnist-pipeline` is somebody else's project. Nothing here may lead pip to it, though the command has that name.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = "mnist-pipeline-azureml"
STRANGER = r"mnist[-_.]pipeline(?![-\w])"
INSTALL = r"(?:pip3?|pipx|uv|conda|mamba) (?:pip |tool )?(?:install|add|run|download)"
AS_INSTALLABLE = {
    "an installation": rf"{INSTALL}\b[^\n&|;`]*?[ '\"=]{STRANGER}",
    "extras": rf"(?<![\w./-]){STRANGER}\[[a-z]",
    "a requirement": rf"(?<![\w./-]){STRANGER} ?(?:==|~=|>=|<=|!=|@ )",
    "an item of a list of packages": rf"^ *- {STRANGER}\s*$",
    "its metadata": rf"(?:version|metadata|distribution|requires|files)\(['\"]{STRANGER}",
    "its page": rf"pypi\.org/(?:project|pypi|simple)/{STRANGER}",
    "a built distribution": r"mnist[-_.]pipeline-[\d*]\S*\.(?:tar\.gz|whl)|mnist_pipeline-\*",
}


def texts_of_the_repository() -> dict[str, str]:
    """The text files that a distribution or a reader gets: git's if there is a repository, else those unpacked here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or [path for path in ROOT.rglob("*") if ".venv" not in path.parts]
    endings = {".py", ".md", ".toml", ".yaml", ".yml", ".ipynb", ".json", ".txt", ".cfg", ".sh", ""}
    found = {}
    for path in paths:
        if path.is_file() and path.suffix in endings and path != Path(__file__):
            found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8", errors="replace")
    return found


def test_nothing_that_is_written_here_leads_pip_to_the_strangers_package():
    texts = texts_of_the_repository()
    assert {"README.md", "pyproject.toml", ".ci/run", "notebooks/submit_to_azure_ml.ipynb"} <= texts.keys()

    assert [
        (name, what, match[0])
        for name, text in texts.items()
        for what, pattern in AS_INSTALLABLE.items()
        for match in re.finditer(pattern, text, re.MULTILINE)
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "pip install mnist-pipeline",
        "%pip install -q 'mnist_pipeline'",
        "uv add mnist-pipeline",
        "python -m pip install -U jupyterlab mnist-pipeline",
        "pip install 'mnist-pipeline[azure]'",
        '"mnist-pipeline[test]",',
        'dependencies = ["mnist-pipeline>=0.1"]',
        "  - mnist-pipeline\n",
        'version("mnist-pipeline")',
        "https://pypi.org/project/mnist-pipeline/",
        "mnist_pipeline-0.1.0-py3-none-any.whl",
        'glob("mnist_pipeline-*.tar.gz")',
    ],
)
def test_the_search_finds_each_way_to_name_it(text):
    assert [what for what, pattern in AS_INSTALLABLE.items() if re.search(pattern, text, re.MULTILINE)]


@pytest.mark.parametrize(
    "text",
    [
        "pip install -q . && .venv/bin/mnist-pipeline run",
        "pip install 'mnist-pipeline-azureml[azure]'",
        "`mnist-pipeline azure list data` shows them; pip install .",
        "name: mnist-pipeline-keras",
        "mnist_pipeline_azureml-0.1.0.tar.gz",
    ],
)
def test_the_search_leaves_the_command_and_our_own_name_alone(text):
    assert not [what for what, pattern in AS_INSTALLABLE.items() if re.search(pattern, text, re.MULTILINE)]


def test_the_project_has_its_own_name_and_its_extras_name_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [
        canonicalize_name(Requirement(line).name)
        for group in (project["dependencies"], *project["optional-dependencies"].values())
        for line in group
    ]

    assert project["name"] == OURS
    assert "mnist-pipeline" not in required
    assert OURS in required
    assert project["scripts"] == {"mnist-pipeline": "mnist_pipeline.cli.main:main"}
