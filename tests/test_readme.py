"""What the README says is so."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure.ai.ml import Input
from workspace_stand_in.fixtures import azure_environment, completing, stand_in

from mnist_pipeline.pipelines import image_classification_pipeline
from mnist_pipeline.runner.read_plan import read_plan

__all__ = ["azure_environment", "stand_in"]

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_continuous_integration_types_the_line_that_passes_the_tests():
    (line,) = re.findall(r"^python3 -m venv .*\.\[test\].*$", README, re.MULTILINE)

    assert line in (ROOT / ".ci/run").read_text().splitlines()


@pytest.mark.slow
def test_its_plain_calls_and_its_local_run_work_as_they_stand(tmp_path):
    plain_calls, local_run, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "snippets.py").write_text(f"{plain_calls}\n{local_run}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}

    done = subprocess.run(
        [sys.executable, "snippets.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data/result/metrics.json").is_file()
    assert (tmp_path / "mnist-runs/mlflow.db").is_file()
    registration = done.stdout.splitlines()[-1].split("'")[-2] if "'" in done.stdout else done.stdout.split()[-1]
    assert (Path(registration) / "registration.json").is_file()


@pytest.mark.slow
def test_its_azure_section_can_be_followed_word_by_word(stand_in, azure_environment, tmp_path):
    section = README.split("## On Azure ML")[1].split("\n## ")[0]
    commands = [
        line for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL) for line in block.splitlines()
    ]
    (program,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (tmp_path / "config.json").write_text(json.dumps(stand_in.config))
    (tmp_path / "program.py").write_text(program)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **azure_environment, "PATH": path}

    assert len(commands) == 9
    with completing(stand_in):
        for line in [*commands, "python program.py"]:
            if " logs first-try " in line:  # by now the job has run
                stand_in.put_logs("first-try", {"user_logs/std_log.txt": b"epoch 1/3"}, node="train_node")
                stand_in.put_output("first-try", "result", {"metrics.json": b"{}"})
            done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, (line, done)

    first, second = stand_in.jobs
    assert first == "first-try"
    assert list(stand_in.submitted_job(second).nodes) == list(stand_in.submitted_job(first).nodes)
    assert (tmp_path / "prep.yml").is_file()
    assert (tmp_path / "first-result/metrics.json").is_file()


def test_the_size_of_a_snapshot_is_as_it_says(tmp_path):
    job = image_classification_pipeline(pipeline_input_data=Input(type="uri_folder", path=str(tmp_path)))
    (said_files, said_size) = re.search(r"(\d+) files of (\d+) kB", README).groups()

    for node in read_plan(job):
        files = node.snapshot.files
        assert len(files) == int(said_files)
        assert round(sum(source.stat().st_size for source in files.values()) / 1000) == int(said_size)
