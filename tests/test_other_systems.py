"""What must not need Linux, in a process in which this package cannot import modules that only Unix has."""

import subprocess
import sys
import textwrap
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mnist_pipeline"

# The libraries know which system they are on and import these modules where they find them; this package must not.
WITHOUT_UNIX = f"""
import sys

UNIX = {{"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}}

class NotFound:
    def find_spec(self, name, path=None, target=None):
        if name in UNIX:
            frame = sys._getframe(1)
            while "importlib" in frame.f_code.co_filename:
                frame = frame.f_back
            if frame.f_code.co_filename.startswith({str(PACKAGE)!r}):
                raise ImportError(f"No module named {{name!r}}, imported in {{frame.f_code.co_filename}}")

sys.meta_path.insert(0, NotFound())
for name in UNIX:  # else an import would not ask the finder
    sys.modules.pop(name, None)
"""


def run_without_unix(program, *arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_UNIX + textwrap.dedent(program), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
    )


def test_the_finder_refuses_such_an_import_in_this_package_alone(tmp_path):
    program = f"""
    import fcntl
    sys.modules.pop("fcntl")
    exec(compile("import fcntl", {str(PACKAGE / "any.py")!r}, "exec"))
    """

    finished = run_without_unix(program, cwd=tmp_path)

    assert "ImportError: No module named 'fcntl', imported in" in finished.stderr


def test_both_pipelines_are_composed_and_a_component_runs_plainly(tmp_path):
    program = """
    from azure.ai.ml import Input
    import mnist_pipeline
    from mnist_pipeline import both_ways, run_locally
    from mnist_pipeline.components import prepare_data_component
    from mnist_pipeline.mnist.data.sample import sample_folder
    from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline

    data = Input(type="uri_folder", path=str(sample_folder()))
    for job in (
        image_classification_pipeline(pipeline_input_data=data),
        train_evaluate_register_pipeline(train_data_asset_uri=data, test_data_asset_uri=data),
    ):
        print(*job.jobs)
    prepare_data_component(input_data=str(sample_folder()), training_data="train", test_data="test")
    """

    finished = run_without_unix(program, cwd=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert "prepare_data_node train_node score_node register_node" in finished.stdout
    assert "train_node evaluate_node register_node" in finished.stdout
    assert (tmp_path / "test/mnist_test.csv").is_file()


def test_a_dry_run_of_a_submit_shows_what_would_be_sent(tmp_path):
    program = "from mnist_pipeline.cli.main import main; main()"
    arguments = ("azure", "submit", "image-classification", "--data", "sample", "--dry-run")

    finished = run_without_unix(program, *arguments, cwd=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert "nothing was sent" in finished.stdout


def test_every_command_has_its_help(tmp_path):
    program = """
    import click
    from click.testing import CliRunner
    from mnist_pipeline.cli.main import cli

    def paths(command, path=()):
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from paths(inner, (*path, name))

    for path in paths(cli):
        result = CliRunner().invoke(cli, [*path, "--help"])
        print("/".join(path), result.exit_code, result.exception)
    """

    finished = run_without_unix(program, cwd=tmp_path)

    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert {"run 0 None", "predict 0 None", "models/list 0 None", "azure/submit 0 None"} <= set(lines)
    assert [line for line in lines if not line.endswith(" 0 None")] == []


def test_a_run_says_what_it_needs(tmp_path):
    program = """
    import os
    from mnist_pipeline.cli.main import main

    del os.killpg
    main()
    """

    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), "run"], cwd=tmp_path, capture_output=True, text=True
    )

    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1].startswith("Error: running a job on this machine needs Linux or macOS, ")
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
