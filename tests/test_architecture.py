"""The architecture page shows the package as it is, and its layers are kept by contracts that notice a breach."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from documents import ROOT, blocks

PAGE = ROOT / "docs/architecture.md"
PACKAGE = ROOT / "mnist_pipeline"


def test_the_tree_names_every_folder_and_module_and_nothing_else():
    drawn = paths_in_tree()
    files = set(PACKAGE.rglob("*.py"))
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(PACKAGE)}
    expected = folders | {file for file in files if file.name != "__init__.py"}

    missing = [f'  under "{path.parent.name}/":  {tree_line(path)}' for path in sorted(expected - drawn)]
    gone = [f"  {path.relative_to(ROOT)}" for path in sorted(drawn) if not path.exists()]
    assert not missing, "\n".join(["add to the tree in docs/architecture.md", *missing])
    assert not gone, "\n".join(["take out of the tree in docs/architecture.md", *gone])


def test_the_layers_are_drawn_as_the_contracts_have_them():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    package, learning = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    drawings = [block for block in blocks(PAGE, "") if " | " in block]

    assert [drawn_layers(drawing) for drawing in drawings] == [named_layers(package), named_layers(learning)]


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("sdk.py", "import mnist_pipeline.runner.plan", "Layers: imports flow one way"),
        ("mnist/model/prediction.py", "import mnist_pipeline.mnist.registry", "Layers inside the machine learning"),
        ("mnist/data/idx.py", "import azure.ai.ml", "The machine learning knows nothing of Azure"),
        (
            "pipelines/image_classification.py",
            "import mnist_pipeline.sdk",
            "Components and pipelines know nothing of who runs them",
        ),
    ],
)
def test_a_forbidden_import_breaks_its_contract_and_is_named(module, statement, contract, tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "mnist_pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    changed = tmp_path / "mnist_pipeline" / module
    changed.write_text(f"{changed.read_text()}\n{statement}\n")
    lint_imports = Path(sys.executable).with_name("lint-imports")

    linted = subprocess.run([lint_imports, "--no-cache"], cwd=tmp_path, capture_output=True, text=True)

    importer = "mnist_pipeline." + module.removesuffix(".py").replace("/", ".")
    imported = statement.removeprefix("import ").removesuffix(".ai.ml")
    assert linted.returncode == 1
    assert f"{contract} BROKEN" in linted.stdout
    assert f"{importer} -> {imported}" in linted.stdout


def paths_in_tree() -> set[Path]:
    (tree,) = [block for block in blocks(PAGE, "") if block.startswith("mnist_pipeline/\n")]
    paths, folders = set(), [ROOT]
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        path = folders[depth] / line.split()[0]
        folders[depth + 1 :] = [path]
        paths.add(path)
    return paths


def tree_line(path: Path) -> str:
    """Return a line to add, with the first sentence of the module's docstring as a proposal."""
    source = path / "__init__.py" if path.is_dir() else path
    summary = (ast.get_docstring(ast.parse(source.read_text())) or "").partition("\n")[0] if source.exists() else ""
    indent = "  " * len(path.parent.relative_to(ROOT).parts)
    return f"{indent}{path.name}{'/' if path.is_dir() else ''}  {summary}"


def drawn_layers(drawing: str) -> list[list[str]]:
    """Return the names on each line, without what is said about them after three spaces."""
    return [line.strip().split("   ")[0].split(" | ") for line in drawing.splitlines()]


def named_layers(layers: list[str]) -> list[list[str]]:
    """Return the names in each layer of a contract; those in parentheses need not exist."""
    return [[name for name in layer.split(" | ") if not name.startswith("(")] for layer in layers]
