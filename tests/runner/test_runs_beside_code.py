"""A component whose code is its own folder, with the runs in that folder: no run is copied into another."""

import hashlib
import shutil

import pytest
from azure.ai.ml import Output, command, load_component
from azure.ai.ml.dsl import pipeline

from mnist_pipeline.files import sha256_of
from mnist_pipeline.run_marker import MARKER
from mnist_pipeline.runner import run_locally
from mnist_pipeline.runner.read_plan import read_plan

from .projects import PROJECTS


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A user's project, and the current folder: code, and data that a step needs."""
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    (folder / "step.py").write_text("print('hello')\n")
    (folder / "lib" / "mlflow.db").write_text("no store of a run\n")
    monkeypatch.chdir(folder)
    return folder


def make_job(folder):
    step = command(
        name="step",
        code=str(folder),
        command="head -c 20000 /dev/zero > ${{outputs.result}}/big",
        outputs={"result": Output(type="uri_folder")},
        environment="any:1",
    ).component

    @pipeline(experiment_name="mine")
    def one_node():
        node = step()
        return {"result": node.outputs.result}

    return one_node()


@pytest.mark.slow
@pytest.mark.parametrize("output_dir", ["mnist-runs", "."])
def test_six_runs_beside_the_code_are_of_one_size_and_leave_the_snapshot_as_it_was(output_dir, project):
    before = digest_of(make_job(project))

    runs = [run_locally(make_job(project), output_dir) for _ in range(6)]

    for run in runs:
        run.raise_for_status()
        assert files_in(run.folder / "nodes/node/code") == {"step.py", "lib/mlflow.db"}
    sizes = [sum(file.stat().st_size for file in run.folder.rglob("*") if file.is_file()) for run in runs]
    assert max(sizes) - min(sizes) < 100  # digits of times
    assert digest_of(make_job(project)) == before


def test_the_store_stays_out_when_all_runs_beside_it_are_deleted(project, runs):
    before = digest_of(make_job(project))
    (project / "mnist-runs").symlink_to(runs)
    run = run_locally(make_job(project))

    shutil.rmtree(run.folder)

    assert digest_of(make_job(project)) == before


def test_runs_stay_out_of_the_code_that_additional_includes_are_added_to(project, runs):
    shutil.copytree(PROJECTS / "included" / "shared", project.parent / "shared")
    shutil.copyfile(PROJECTS / "included" / "step" / "step.yaml", project / "step.yaml")
    component = load_component(project / "step.yaml")

    @pipeline()
    def one_node():
        component()

    (node,) = read_plan(one_node())
    before = digest_of(one_node())
    runs.rename(project / "mnist-runs")
    run_locally(make_job(project)).raise_for_status()

    assert node.snapshot.files.keys() == {"step.py", "step.yaml", "lib/mlflow.db", "shared/greeting.py"}
    assert digest_of(one_node()) == before


def test_only_folders_that_the_runner_makes_are_marked(project, empty_store):
    shutil.copyfile(empty_store, project / "mlflow.db")
    run = run_locally(make_job(project), ".")

    marked = {marker.parent for marker in project.rglob(MARKER)}

    assert marked == {run.folder, project / "mlartifacts"}


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def digest_of(job):
    """The digest of what a run of the job's only node would copy."""
    (node,) = read_plan(job)
    contents = {name: sha256_of(source) for name, source in node.snapshot.files.items()}
    return hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()
