"""The warning that an upload includes local runs. The SDK's own listing says whether the lines in it work."""

import json
import re
import shutil

import pytest
from azure.ai.ml import Output, command
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Environment

from mnist_pipeline.mnist.data.sample import sample_folder
from mnist_pipeline.run_marker import MARKER
from mnist_pipeline.sdk import code_of, files_below
from mnist_pipeline.workspace.placement import Placement, assign_computes
from mnist_pipeline.workspace.preview import preview
from mnist_pipeline.workspace.run_warning import warn_of_runs

pytest_plugins = ["command"]

CODE = ("step.py", "debug.log", "lib/mlflow.db", "lib/mnist-runs/notes.py", "mlflow.db.py", "20-years/step.py")
RUN = "20261130-101112-abcdef"
RUN_FILES = (f"{RUN}/{MARKER}", f"{RUN}/plan.json", "mlartifacts/" + MARKER, "mlartifacts/1/model", "mlflow.db")


@pytest.fixture
def project(tmp_path):
    """A folder with code; none of its names belongs to a run."""
    folder = tmp_path / "project"
    for name in CODE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("code\n")
    return folder


def add_runs(folder):
    for name in RUN_FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\xff" * 100_000)


def component_in(folder):
    return command(
        name="step",
        code=str(folder),
        command="python step.py",
        outputs={"result": Output(type="uri_folder")},
        environment=Environment(image="python:3.11"),
    ).component


def make_job(folder):
    step = component_in(folder)

    @pipeline()
    def one_node():
        node = step()
        return {"result": node.outputs.result}

    job = one_node()
    assign_computes(job, Placement("serverless"), {})
    return job


def uploaded_code(folder):
    with code_of(component_in(folder)) as code:
        return set(code.files)


def uploaded_data(folder):
    return set(files_below(folder))


def sizes_of(folder, names):
    return {name: (folder / name).stat().st_size for name in names}


@pytest.mark.parametrize("listing", [uploaded_code, uploaded_data])
@pytest.mark.parametrize(
    ("existing", "named"),
    [
        ({}, ".amlignore"),
        ({".gitignore": "*.log\n"}, ".gitignore"),
        ({".amlignore": "*.log\n"}, ".amlignore"),
        ({".amlignore": "*.log\n", ".gitignore": "step.py\n"}, ".amlignore"),
        ({".amlignore": "/*\n!/*/\n!*.py\n"}, ".amlignore"),
    ],
    ids=["no ignore file", "git", "aml", "both", "a list of what is sent"],
)
@pytest.mark.parametrize(
    ("output_dir", "lines"),
    [
        ("mnist-runs", ["/mnist-runs/"]),
        ("results/to day", ["/results/to day/"]),
        ("a [run]*", [r"/a \[run\]\*/"]),
        (".", ["/20??????-??????-??????/", "/mlartifacts/", "/mlflow.db"]),
        ("lib", ["/lib/20??????-??????-??????/", "/lib/mlartifacts/", "/lib/mlflow.db"]),
    ],
)
def test_the_lines_in_the_warning_leave_out_the_runs_and_nothing_else(
    listing, existing, named, output_dir, lines, project
):
    for name, content in existing.items():
        (project / name).write_text(content)
    before = listing(project)
    add_runs(project / output_dir)
    if output_dir == "lib":
        before.discard("lib/mlflow.db")  # it is a store now

    warning = warn_of_runs("input data", project, sizes_of(project, listing(project)))

    said = re.fullmatch(
        r"input data includes 0\.\d MB of local runs; to leave them out, add (.*) as the last lines? of (.*)\.",
        warning,
    )
    assert said, warning
    assert said[1].replace("` and `", "`").strip("`").split("`") == [line for line in lines if line in said[1]]
    assert said[2] == str(project / named)
    with (project / named).open("a") as file:
        file.write("".join(f"{line}\n" for line in re.findall("`(.*?)`", said[1])))
    assert listing(project) - {named} == before - {named}
    assert warn_of_runs("input data", project, sizes_of(project, listing(project))) is None


def test_runs_below_a_link_are_left_out_by_the_lines_too(project, tmp_path):
    add_runs(tmp_path / "big disk" / "runs")
    (project / "mnist-runs").symlink_to(tmp_path / "big disk" / "runs")

    warning = warn_of_runs("input data", project, sizes_of(project, uploaded_code(project)))

    lines = re.findall("`(.*?)`", warning)
    (project / ".amlignore").write_text("".join(f"{line}\n" for line in lines))
    assert {"mnist-runs", "lib/mlflow.db"} & {name.partition("/2")[0] for name in uploaded_code(project)} == set()
    assert uploaded_code(project) - {".amlignore"} == set(CODE) - {"lib/mlflow.db"}


def test_code_without_runs_needs_no_warning(project):
    assert preview(make_job(project)).warnings == []


def test_a_preview_warns_of_runs_in_a_component_s_code_and_still_lists_them_as_they_would_be_sent(project):
    add_runs(project / "mnist-runs")

    shown = preview(make_job(project))

    (warning,) = shown.warnings
    assert warning == (
        "the code of node node includes 0.5 MB of local runs; to leave them out, add `/mnist-runs/` as the last line "
        f"of {project / '.amlignore'}."
    )
    assert f"mnist-runs/{RUN}/plan.json" in shown.snapshots[0].files
    assert not (project / ".amlignore").exists()


@pytest.fixture
def data_with_runs(tmp_path, monkeypatch):
    """The current folder: IDX files, with runs beside them."""
    folder = tmp_path / "digits"
    shutil.copytree(sample_folder(), folder)
    add_runs(folder / "mnist-runs")
    monkeypatch.chdir(folder)
    return folder


def test_a_dry_run_warns_of_runs_beside_the_data(data_with_runs, typed):
    finished = typed("submit", "image-classification", "--data", ".", "--dry-run")

    assert finished.code == 0
    assert finished.error == (
        "Warning: input pipeline_input_data includes 0.5 MB of local runs; to leave them out, add `/mnist-runs/` as "
        f"the last line of {data_with_runs / '.amlignore'}.\n"
    )
    assert "nothing was sent" in finished.output


def test_a_dry_run_has_the_warnings_in_its_json(data_with_runs, typed):  # noqa: ARG001 - it sets things up
    finished = typed("submit", "image-classification", "--data", ".", "--dry-run", "--json")

    (warning,) = json.loads(finished.output)["warnings"]
    assert "0.5 MB of local runs" in warning


def test_a_submit_warns_too(azure, data_with_runs, stand_in):
    (data_with_runs / "config.json").write_text(json.dumps(stand_in.config))

    finished = azure("submit", "image-classification", "--data", ".", "--compute", "cpu-cluster", "--name", "mine")

    assert finished.code == 0, finished
    assert finished.error.startswith("Warning: input pipeline_input_data includes 0.5 MB of local runs")
    assert list(stand_in.jobs) == ["mine"]
