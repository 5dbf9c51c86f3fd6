"""Real jobs of the SDK from end to end."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.ai.ml import Input, command, load_component
from azure.ai.ml.dsl import pipeline

from mnist_pipeline.errors import OutputError, PlanError, RunError
from mnist_pipeline.runner import NodeChanged, NodePrinted, PipelineRun, Status, run_locally

from .projects import PROJECTS, count_component, join_component, shell_component, shout_component


@pipeline()
def twice(text: Input(type="uri_folder"), title: Input(type="string", optional=True) = None):
    shout = shout_component(input_data=text, loud=True, title=title)
    shout.environment_variables = {"MOOD": "merry"}
    return {"said": shout.outputs.output_data}


@pipeline(experiment_name="everything")
def everything(text: Input(type="uri_folder"), extra: Input(type="uri_file"), title: str = "A title"):
    nested = twice(text=text, title=title)
    count = count_component(text=nested.outputs.said, minimum=1)
    join = join_component(first=text, second=extra)
    return {"said": nested.outputs.said, "words": count.outputs.count, "joined": join.outputs.joined}


@pipeline(experiment_name="small")
def small(word: str = "hello"):
    write = shell_component("echo '${{inputs.word}}' > ${{outputs.result}}/word.txt", word="hi")(word=word)
    read = shell_component("cat ${{inputs.text}}/word.txt", text=Input(type="uri_folder"))(text=write.outputs.result)  # noqa: F841 - the name is the node's
    return {"text": write.outputs.result}


def run_everything(runs, text_folder, mode, **settings):
    job = everything(
        text=Input(type="uri_folder", path=str(text_folder)),
        extra=Input(type="uri_file", path=str(text_folder / "text.txt")),
    )
    return run_locally(job, runs, mode=mode, **settings)


@pytest.mark.parametrize("mode", [pytest.param("subprocess", marks=pytest.mark.slow), "in-process"])
def test_every_kind_of_component_runs_in_both_modes(runs, text_folder, mode):
    events = []

    run = run_everything(runs, text_folder, mode, on_event=events.append)

    run.raise_for_status()
    assert run.nodes.keys() == {"nested.shout", "count", "join"}
    said = run.outputs["said"]
    assert (said / "text.txt").read_text() == "A title\nHELLO WORLD!\nHELLO WORLD!\n"
    assert run.outputs["words"].read_text() == "6\n"
    assert (run.outputs["joined"] / "text.txt").read_text() == "hello world | hello world\n"
    told = json.loads((said / "told.json").read_text())
    assert (told["pid"] == os.getpid()) == (mode == "in-process")
    assert {key: told[key] for key in ("pace", "loud", "times", "mood")} == {
        "pace": 0.5,
        "loud": True,
        "times": 2,
        "mood": "merry",
    }
    assert NodePrinted("nested.shout", "shouted 2 times") in events
    assert "shouted 2 times" in run.nodes["nested.shout"].log_path.read_text()
    last = {event.node.name: event.node.status for event in events if isinstance(event, NodeChanged)}
    assert last == dict.fromkeys(run.nodes, Status.COMPLETED)


def test_a_small_job_runs_as_it_is(runs):
    run = run_locally(small(word="two words"), runs)

    assert isinstance(run, PipelineRun)
    assert run.status is Status.COMPLETED
    assert (run.outputs["text"] / "word.txt").read_text() == "two words\n"
    assert run.nodes["read"].log_path.read_text() == "two words\n"
    assert run.nodes["read"].duration > 0
    assert run.folder.parent == runs


def test_a_snapshot_is_copied_without_what_amlignore_names(runs):
    listing = command(code=PROJECTS / "letters", command="ls; touch new.txt", environment="any:1").component

    @pipeline()
    def one_node():
        list_files = listing()  # noqa: F841 - the name is the node's

    run = run_locally(one_node(), runs)

    listed = run.nodes["list_files"].log_path.read_text().split()
    assert {"greeting.txt", "shout.py"} <= set(listed)
    assert "notes.txt" not in listed
    assert (run.folder / "nodes" / "list_files" / "code" / "new.txt").exists()
    assert not (PROJECTS / "letters" / "new.txt").exists()


@pytest.mark.parametrize("mode", ["subprocess", "in-process"])
def test_additional_includes_are_there_when_the_node_runs(runs, mode):
    component = load_component(PROJECTS / "included" / "step" / "step.yaml")

    @pipeline()
    def one_node():
        step = component()  # noqa: F841 - the name is the node's

    run = run_locally(one_node(), runs, mode=mode)

    run.raise_for_status()
    assert run.nodes["step"].log_path.read_text() == "hello from the shared folder\n"


@pytest.mark.parametrize("mode", ["subprocess", "in-process"])
def test_a_failing_script_is_named_with_its_last_words(runs, text_folder, mode):
    @pipeline()
    def too_few():
        count = count_component(text=Input(type="uri_folder", path=str(text_folder)), minimum=100)
        after = shell_component("cat ${{inputs.text}}", text=Input(type="uri_file"))(text=count.outputs.count)  # noqa: F841 - the name is the node's

    run = run_locally(too_few(), runs, mode=mode)

    assert run.nodes["after"].status is Status.NOT_STARTED
    with pytest.raises(RunError, match=r"(?s)node count failed: exit code 1.*\| only 2 words, 100 are the least"):
        run.raise_for_status()


def test_a_job_that_cannot_run_here_leaves_nothing_behind(tmp_path):
    with pytest.raises(PlanError):
        run_locally(
            everything(
                text=Input(type="uri_folder", path="azureml:texts:1"),
                extra=Input(type="uri_file", path="azureml:text:1"),
            ),
            tmp_path / "runs",
        )
    assert not (tmp_path / "runs").exists()


def test_an_output_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "runs").write_text("a file")

    with pytest.raises(OutputError, match="runs: a file stands where the output folder should be"):
        run_locally(small(), tmp_path / "runs")


def test_an_output_folder_may_have_an_awkward_name(runs):
    awkward = runs.rename(runs.with_name("Ada's runs $HOME"))

    run_locally(small(), awkward).raise_for_status()


@pytest.mark.slow
def test_two_runs_at_once_in_one_new_folder_both_complete(tmp_path):
    jobs = [small(word="one"), small(word="two")]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda job: run_locally(job, tmp_path / "runs"), jobs)

    assert (first.status, second.status) == (Status.COMPLETED, Status.COMPLETED)
    assert first.folder != second.folder
    assert first.nodes["read"].log_path.read_text() == "one\n"
    assert second.nodes["read"].log_path.read_text() == "two\n"


@pytest.mark.slow
def test_two_programs_at_once_in_one_new_folder_both_complete(tmp_path):
    program = """
import sys
from azure.ai.ml import command
from azure.ai.ml.dsl import pipeline
from mnist_pipeline import run_locally

hello = command(command="echo hello", environment="any:1").component

@pipeline(experiment_name="greetings")
def greet():
    hello()

run_locally(greet(), sys.argv[1]).raise_for_status()
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path / "runs"], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=100)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], errors
    assert len(list((tmp_path / "runs").glob("*/nodes/*/outputs"))) == 2


@pytest.mark.parametrize("mode", ["subprocess", "in-process"])
def test_a_run_tells_which_node_runs_and_its_epochs_once(mode, runs, tmp_path, capsys):
    (tmp_path / "step").mkdir()
    (tmp_path / "step" / "step.py").write_text("print('a note')\nprint('epoch 1/2  loss 0.5')\n")
    step = command(code=tmp_path / "step", command="python step.py", environment="any:1").component

    @pipeline()
    def one_node():
        train = step()  # noqa: F841 - the name is the node's

    run_locally(one_node(), runs, mode=mode).raise_for_status()

    printed = capsys.readouterr().out
    assert re.match(r"\d\d:\d\d:\d\d  train  Running\n", printed)
    assert re.search(r"^\d\d:\d\d:\d\d  train  Completed in \d+\.\d s\n\Z", printed, re.MULTILINE)
    assert printed.count("epoch 1/2  loss 0.5") == 1
    assert ("a note" in printed) == (mode == "in-process"), "the nodes print themselves"


def test_a_listener_takes_the_place_of_the_lines(runs, capsys):
    events = []

    run_locally(small(), runs, on_event=events.append).raise_for_status()

    assert capsys.readouterr().out == ""
    assert len(events) >= 4
