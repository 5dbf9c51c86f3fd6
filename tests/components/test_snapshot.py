"""What a step is sent: the files that it imports, and no other."""

import compileall
import inspect
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import grimp
import pytest
from azure.ai.ml import Input, command, load_component

import mnist_pipeline
from mnist_pipeline import components
from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.components.snapshot import imported_files, snapshot_folder
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.runner.read_plan import read_plan
from mnist_pipeline.sdk import code_of

PACKAGE = Path(mnist_pipeline.__file__).parent
SCRIPTS = [f"components/{path.name}" for path in sorted((PACKAGE / "components").glob("*_script.py"))]
DATA = Input(type="uri_folder", path=str(PACKAGE / "mnist/data/sample/idx"))
COMPONENTS = [f"components/{name}.py" for name in ("prep", "train", "train_gpu", "score", "register")]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of one's own; the folder of the snapshots in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/mnist-pipeline/snapshots"


@pytest.fixture
def package(tmp_path):
    """A function that writes a miniature of the package and returns its folder."""

    def write(**files):
        folder = tmp_path / "mnist_pipeline"
        for name, content in {"components/mnist_pipeline.py": "", **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        return folder

    return write


# Which files


@pytest.fixture(scope="module")
def imports():
    """What each module imports, found by import-linter's own library."""
    return grimp.build_graph("mnist_pipeline", exclude_type_checking_imports=True, cache_dir=None)


NOT_IN_A_JOB = {"mnist_pipeline", "mnist_pipeline.components.snapshot", "mnist_pipeline.components.plain_call"}


def modules_behind(graph, source):
    """The modules that are run when a step starts with `source`, from `grimp`'s graph."""
    found = {"mnist_pipeline.components.mnist_pipeline", f"mnist_pipeline.{source[:-3].replace('/', '.')}"}
    waiting = [module for start in found for module in graph.find_modules_directly_imported_by(start)]
    while waiting:
        module = waiting.pop()
        if module not in found | NOT_IN_A_JOB:
            found.add(module)
            waiting += [*graph.find_modules_directly_imported_by(module), module.rpartition(".")[0]]
    return found


@pytest.mark.parametrize("source", [*COMPONENTS, *SCRIPTS])
def test_a_snapshot_holds_the_files_that_the_step_imports_and_no_other(source, imports):
    names = {name[:-3].removesuffix("/__init__").replace("/", ".") for name in imported_files(PACKAGE, source)}

    assert {f"mnist_pipeline.{name}" for name in names} == modules_behind(imports, source)


@pytest.mark.parametrize("source", [*COMPONENTS, *SCRIPTS])
def test_a_snapshot_is_a_copy_of_the_package_s_files(source, cache):
    folder = snapshot_folder(source)

    assert folder.parent == cache
    copies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert copies == imported_files(PACKAGE, source) == {name: (PACKAGE / name).read_bytes() for name in copies}


def test_an_import_is_found_wherever_it_stands(package):
    folder = package(
        **{
            "components/step.py": """
import mnist_pipeline.a.b as b
from mnist_pipeline import c
if True:
    from mnist_pipeline.d import name
else:
    import mnist_pipeline.e
class Step:
    def run(self):
        try:
            from .near import name
        except ImportError:
            from mnist_pipeline.f import name
        finally:
            match name:
                case 1:
                    from ..g import h
""",
            **{f"{name}.py": "" for name in ("a/__init__", "a/b", "a/not_imported", "c", "d", "e", "f", "g/h", "z")},
            "components/near.py": "from mnist_pipeline.components.last import name",
            "components/last.py": "import os, mnist_pipeline.components.step",
        }
    )

    assert sorted(imported_files(folder, "components/step.py")) == [
        "a/__init__.py",
        "a/b.py",
        "c.py",
        "components/last.py",
        "components/mnist_pipeline.py",
        "components/near.py",
        "components/step.py",
        "d.py",
        "e.py",
        "f.py",
        "g/h.py",
    ]


def test_what_only_a_type_checker_imports_is_left_out(package):
    folder = package(
        **{
            "step.py": """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import mnist_pipeline.a
else:
    import mnist_pipeline.b
""",
            "a.py": "",
            "b.py": "",
        }
    )

    assert list(imported_files(folder, "step.py")) == ["b.py", "components/mnist_pipeline.py", "step.py"]


def test_what_makes_snapshots_is_in_none(package):
    folder = package(**{"step.py": "import mnist_pipeline.components.snapshot", "components/snapshot.py": ""})

    assert list(imported_files(folder, "step.py")) == ["components/mnist_pipeline.py", "step.py"]


def test_a_file_that_the_package_lacks_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"components/no_step\.py"):
        snapshot_folder("components/no_step.py")


def test_the_list_in_amlignore_is_what_the_script_of_score_yaml_imports(cache):  # noqa: ARG001 - it sets the cache
    with code_of(load_component(PACKAGE / "components/score.yaml")) as code:
        assert sorted(code.files) == list(imported_files(PACKAGE, "components/score_script.py"))
        assert code.sha256 == sha256_of_code(snapshot_folder("components/score_script.py"))


# Which content


def sha256_of_code(folder):
    """The hash by which Azure knows code, and whether a step may be reused."""
    with code_of(command(code=folder, command="true", environment="any:1").component) as code:
        return code.sha256


@pytest.mark.parametrize(
    ("edited", "concerned"),
    [
        ("mnist/scoring/metrics.py", {"score", "register", "evaluate_script", "register_script", "score_script"}),
        ("mnist/training/fit.py", {"train", "train_gpu", "train_script"}),
        ("mnist/data/prep.py", {"prep"}),
        ("components/train_gpu.py", {"train_gpu"}),
        ("components/snapshot.py", set()),
        ("pipelines/image_classification.py", set()),
    ],
)
def test_a_changed_line_changes_only_the_snapshots_of_the_steps_that_import_it(edited, concerned, tmp_path):
    copy = tmp_path / "mnist_pipeline"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    sources = {Path(source).stem: source for source in (*COMPONENTS, *SCRIPTS)}
    before = {name: imported_files(copy, source) for name, source in sources.items()}

    with (copy / edited).open("a") as file:
        file.write("\n# one more line\n")

    assert {name for name in sources if imported_files(copy, sources[name]) != before[name]} == concerned


def test_a_node_and_its_component_name_the_snapshot_as_their_code(cache):
    node = prepare_data_component(input_data="azureml:some_data:1")

    assert Path(node.component.code) == cache / Path(prepare_data_component.component.code).name
    assert node.component.description == prepare_data_component.component.description
    assert "\n" not in node.component.description


def test_a_node_that_is_made_after_an_edit_names_the_edited_file(tmp_path):
    """In a notebook, where the component was imported before."""
    shutil.copytree(PACKAGE, tmp_path / "mnist_pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    program = """
from pathlib import Path
from mnist_pipeline.components import prepare_data_component
first = prepare_data_component(input_data="azureml:some_data:1")
with open("mnist_pipeline/mnist/data/prep.py", "a") as file:
    file.write("# edited")
second = prepare_data_component(input_data="azureml:some_data:1")
for node in first, second:
    print(Path(node.component.code, "mnist/data/prep.py").read_text().endswith("# edited"))
"""

    finished = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)

    assert finished.stdout.split() == ["False", "True"], finished


@pytest.mark.parametrize(
    "job",
    [
        image_classification_pipeline(pipeline_input_data=DATA),
        train_evaluate_register_pipeline(train_data_asset_uri=DATA, test_data_asset_uri=DATA),
    ],
    ids=["functions", "scripts"],
)
def test_for_a_debugger_a_step_is_where_it_was_written(job):
    for node in read_plan(job):
        assert node.snapshot.folder == PACKAGE
        assert not any(path.is_relative_to(PACKAGE) for path in node.snapshot.files.values())
        if node.command.startswith("mldesigner"):
            assert inspect.getfile(node.function) == str(PACKAGE / node.command.split()[3])


@pytest.mark.parametrize("name", components.__all__)
def test_a_step_starts_with_a_file_of_its_own_snapshot(name):
    component = getattr(components, name).component

    (source,) = [word for word in component.command.split() if word.endswith(".py")]
    assert source in [*COMPONENTS, *SCRIPTS]
    assert (Path(component.code) / source).read_bytes() == (PACKAGE / source).read_bytes()


# The cache


def test_the_same_files_are_always_in_the_same_folder(cache):
    first, second = snapshot_folder(SCRIPTS[0]), snapshot_folder(SCRIPTS[0])

    assert first == second
    assert list(cache.iterdir()) == [first]


def test_bytecode_beside_the_sources_and_in_the_cache_is_not_sent(cache):  # noqa: ARG001 - it sets the cache
    folder = snapshot_folder(SCRIPTS[0])
    expected = sha256_of_code(folder)
    compileall.compile_dir(folder, quiet=2)

    assert snapshot_folder(SCRIPTS[0]) == folder
    assert sha256_of_code(folder) == expected


def test_a_file_that_somebody_changed_in_the_cache_is_put_right(cache):  # noqa: ARG001 - it sets the cache
    folder = snapshot_folder(SCRIPTS[0])
    expected = sha256_of_code(folder)
    (folder / "errors.py").write_text("changed")

    assert sha256_of_code(snapshot_folder(SCRIPTS[0])) == expected


def test_what_nobody_asked_for_in_a_month_is_deleted(cache):
    old, used, left = snapshot_folder(SCRIPTS[0]), snapshot_folder(SCRIPTS[1]), cache / "x-1.partial-abc"
    left.mkdir()
    month_ago = time.time() - 31 * 24 * 60 * 60
    for folder in (old, used, left):
        os.utime(folder, (month_ago, month_ago))
    assert snapshot_folder(SCRIPTS[1]) == used

    new = snapshot_folder(SCRIPTS[2])

    assert set(cache.iterdir()) == {used, new}


def test_without_a_cache_the_folder_is_temporary(tmp_path):
    (tmp_path / "file").write_text("")
    program = (
        "import os; from mnist_pipeline.components.snapshot import snapshot_folder; "
        f"folder = snapshot_folder({SCRIPTS[0]!r}); print(folder, (folder / {SCRIPTS[0]!r}).is_file())"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}

    finished = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)

    folder, is_there = finished.stdout.split()
    assert (finished.stderr, is_there) == ("", "True")
    assert Path(folder).parents[1] == tmp_path
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
