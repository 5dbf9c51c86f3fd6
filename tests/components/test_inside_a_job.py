"""Azure ML starts a step in a copy of its snapshot, with the snapshot's `components` folder first on `sys.path`."""

import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest
from idx_data import write_patterned_idx

import mnist_pipeline
from mnist_pipeline import components
from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.components.snapshot import imported_files, snapshot_folder
from mnist_pipeline.runner.command_line import render

PACKAGE = Path(mnist_pipeline.__file__).parent
WITHOUT_SDK = {"PYTHONPATH": str(PACKAGE / "runner/without_sdk")}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The variables of an environment with all packages except this one, whose editable install is not seen there."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")  # their .pth files are not read
    _, *lines = Path(sys.executable).with_name("mldesigner").read_text().splitlines(keepends=True)
    (folder / "bin/mldesigner").write_text(f"#!{folder}/bin/python\n{''.join(lines)}")
    (folder / "bin/mldesigner").chmod(0o755)
    return {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder)}


@pytest.fixture
def run(environment, tmp_path):
    """A function that runs a command line in a copy of the snapshot of a step, `tmp_path / NAME`."""

    def run_in_snapshot(source, line, folder="", **variables):
        snapshot = tmp_path / Path(source).stem
        shutil.copytree(snapshot_folder(source), snapshot)
        return subprocess.run(
            line, shell=True, cwd=snapshot / folder, env={**environment, **variables}, capture_output=True, text=True
        )

    return run_in_snapshot


def files_imported_in(snapshot):
    """The files of a snapshot that a step has imported, by the bytecode that Python left."""
    return {
        path.parents[1].joinpath(f"{path.name.partition('.')[0]}.py").relative_to(snapshot).as_posix()
        for path in snapshot.rglob("*.pyc")
    }


def test_the_package_is_not_installed_there(environment):
    finished = subprocess.run(
        "cd /; python -c 'import mnist_pipeline'", shell=True, env=environment, capture_output=True, text=True
    )

    assert "No module named 'mnist_pipeline'" in finished.stderr


def test_everywhere_else_the_name_is_that_of_the_package():
    assert PACKAGE.name == "mnist_pipeline"
    assert mnist_pipeline.__file__.endswith("mnist_pipeline/__init__.py")
    assert mnist_pipeline.__version__


def test_a_job_finds_the_machine_learning_of_its_own_snapshot(run, tmp_path):
    program = (
        "import mnist_pipeline.mnist.data.prep as prep, mnist_pipeline as found; print(prep.__file__, found.__file__)"
    )

    finished = run("components/prep.py", f"python -c '{program}'", folder="components")

    assert finished.stderr == ""
    assert finished.stdout.split() == [
        str(tmp_path / "prep/mnist/data/prep.py"),
        str(tmp_path / "prep/components/mnist_pipeline.py"),
    ]


@pytest.mark.parametrize("variables", [WITHOUT_SDK, {}], ids=["without the SDK", "with the SDK"])
def test_prep_runs_from_its_snapshot_alone_and_imports_all_of_it(variables, run, idx_folder, tmp_path):
    component = prepare_data_component.component
    outputs = {name: tmp_path / "out" / name for name in component.outputs}

    finished = run("components/prep.py", render(component.command, {"input_data": idx_folder}, outputs), **variables)

    assert finished.returncode == 0, finished
    assert [path.name for path in sorted(tmp_path.glob("out/*/*"))] == ["mnist_test.csv", "mnist_train.csv"]
    assert files_imported_in(tmp_path / "prep") == imported_files(PACKAGE, "components/prep.py").keys()


def test_an_error_in_a_job_is_one_sentence_and_not_a_traceback(run):
    script = "components/register_script.py"

    finished = run(script, f"python {script} --model nowhere --accuracy accuracy.txt")

    assert finished.returncode == 1
    assert finished.stderr.startswith("ModelError: nowhere: no MLmodel file in it; give the folder")
    assert finished.stderr.count("\n") == 1


def test_an_error_that_nobody_foresaw_keeps_its_traceback(run):
    finished = run("components/prep.py", "python -c 'import mnist_pipeline; 1 / 0'", folder="components")

    assert finished.returncode == 1
    assert finished.stderr.startswith("Traceback")
    assert "ZeroDivisionError" in finished.stderr


@pytest.mark.parametrize(
    ("script", "option"),
    [
        ("score_script", "--input_model"),
        ("train_script", "--model-path"),
        ("evaluate_script", "--accuracy_path"),
        ("register_script", "--min-accuracy"),
    ],
)
def test_a_script_explains_its_options(run, script, option):
    finished = run(f"components/{script}.py", f"python components/{script}.py --help")

    assert finished.returncode == 0
    assert option in finished.stdout


@pytest.mark.parametrize(
    ("script", "options", "missing"),
    [
        ("components/train_script.py", "--use-uri --model-path m", "--data-path"),
        ("components/evaluate_script.py", "--use_uri --model_path m --accuracy_path a", "--test_data_dir"),
    ],
)
def test_a_script_that_reads_a_data_asset_needs_to_be_told_which(run, script, options, missing):
    finished = run(script, f"python {script} {options}")

    assert finished.returncode == 2
    assert f"needs {missing}" in finished.stderr


@pytest.mark.long
def test_all_steps_run_from_their_snapshots_alone_and_import_all_of_them(run, tmp_path):
    raw = write_patterned_idx(tmp_path / "raw", height=6, width=9, n_classes=3)
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    unused: dict[str, set[str]] = {}

    def complete(source, line):
        finished = run(source, line, **WITHOUT_SDK, **store)
        assert finished.returncode == 0, finished
        imported = files_imported_in(tmp_path / Path(source).stem)
        if left_over := imported_files(PACKAGE, source).keys() - imported - {source}:
            unused[source] = left_over

    def complete_component(function, **given):
        component = function.component
        outputs = {name: tmp_path / name for name in component.outputs}
        for folder in outputs.values():
            folder.mkdir()
        defaults = {name: str(port.default) for name, port in component.inputs.items() if port.default is not None}
        complete(component.command.split()[3], render(component.command, defaults | given, outputs))

    def complete_script(source, options):
        complete(source, f"python {source} {options}")

    train, test, model, result = (tmp_path / f"{name}" for name in ("training_data", "test_data", "output_model", "r"))
    complete_component(components.prepare_data_component, input_data=raw)
    complete_component(components.keras_train_component, input_data=train, idx_data=raw, epochs="2")
    complete_component(components.keras_score_component, input_data=test, input_model=model)
    complete_script("components/score_script.py", f"--input_data {test} --input_model {model} --output_result {result}")
    complete_component(components.register_model_component, input_model=model, input_result=result, min_accuracy="0")
    complete_script("components/train_script.py", f"--data-path {raw} --model-path {model}2 --epochs 2 --seed 7")
    complete_script(
        "components/evaluate_script.py", f"--test_data_dir {raw} --model_path {model}2 --accuracy_path {result}2"
    )
    complete_script(
        "components/register_script.py", f"--model {model}2 --accuracy {result}2 --test-data {raw} --min-accuracy 0"
    )

    # Scored again is only a champion that the model is compared with, as by the last script.
    scoring = {f"mnist/scoring/{name}.py" for name in ("drawn_names", "evaluation", "pictures", "scorecard")}
    assert unused == {"components/register.py": scoring}
