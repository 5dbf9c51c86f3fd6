"""Nodes in this process: functions and scripts."""

import os
import sys
from pathlib import Path

import mlflow
import pytest

from mnist_pipeline.errors import DataError, PlanError
from mnist_pipeline.runner.in_process_node import CallingThread, run_in_process
from mnist_pipeline.runner.node_call import NodeFailed
from mnist_pipeline.runner.plan import Snapshot, Value

from .plans import call, node


@pytest.fixture
def run_function(tmp_path):
    """A function that runs a step's function as a node and returns the lines that it prints."""

    def run_function(function, **changes):
        changes = {"outputs": {}, **changes}
        one, lines = call(tmp_path, node("a", function=function, **changes))
        run_in_process(one)
        return lines

    return run_function


@pytest.fixture
def run_script(tmp_path):
    """A function that runs the text of a script as a node and returns the lines that it prints."""

    def run_script(text, arguments="", **changes):
        script = tmp_path / "source" / "step.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        changes = {"command": f"python step.py {arguments}", "outputs": {}, **changes}
        one, lines = call(tmp_path, node("a", snapshot=Snapshot(script.parent, {"step.py": script}), **changes))
        run_in_process(one)
        return lines

    return run_script


def surroundings():
    return dict(os.environ), Path.cwd(), list(sys.argv), list(sys.path), sys.stdout, sys.stderr


def test_a_function_is_called_in_this_process(run_function):
    assert run_function(lambda: print(os.getpid())) == [str(os.getpid())]


def test_a_function_gets_plain_values_and_paths_as_text(run_function, tmp_path):
    got = {}
    inputs = {"times": Value(3), "loud": Value(True), "text": Value("a b")}

    run_function(lambda **arguments: got.update(arguments), inputs=inputs, outputs={"result": "uri_folder"})

    assert got == {"times": 3, "loud": True, "text": "a b", "result": str(tmp_path / "outputs" / "result")}


def test_a_script_runs_in_this_process_as_main(run_script):
    assert run_script("import os\nprint(__name__, os.getpid())") == [f"__main__ {os.getpid()}"]


def test_a_script_gets_its_arguments(run_script):
    lines = run_script(
        "import sys\nprint(sys.argv[1:])", "--word '${{inputs.word}}'", inputs={"word": Value("two words")}
    )

    assert lines == ["['--word', 'two words']"]


def test_a_script_finds_the_modules_beside_it(run_script, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "beside_the_step.py").write_text("WORD = 'found'")

    assert run_script("import beside_the_step\nprint(beside_the_step.WORD)") == ["found"]
    del sys.modules["beside_the_step"]


def test_environment_variables_are_set_while_the_step_runs(run_function):
    assert run_function(lambda: print(os.environ["MOOD"]), environment_variables={"MOOD": "calm"}) == ["calm"]
    assert "MOOD" not in os.environ


@pytest.mark.parametrize("ending", ["", "raise ValueError('no')", "sys.exit(3)"], ids=["well", "exception", "exit"])
def test_everything_is_put_back_afterwards(run_script, tmp_path, ending):
    text = f"""
import os, sys, mlflow
os.environ["LEFT_BEHIND"] = "1"
os.environ.pop("PATH")
os.chdir("/")
sys.argv.append("x")
sys.path.append("/nowhere")
mlflow.set_tracking_uri("sqlite:////nowhere/else.db")
{ending}
"""
    before, was_set = surroundings(), mlflow.is_tracking_uri_set()
    try:
        run_script(text, environment_variables={"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"})
    except NodeFailed:
        assert ending

    assert surroundings() == before
    assert mlflow.is_tracking_uri_set() == was_set


def test_mlflow_looks_where_it_looked_before(run_function, monkeypatch):
    elsewhere = {"MLFLOW_TRACKING_URI": "sqlite:////tmp/node.db"}
    mlflow.set_tracking_uri("sqlite:////tmp/mine.db")
    try:
        lines = run_function(
            lambda: print(mlflow.get_tracking_uri(), mlflow.get_registry_uri()), environment_variables=elsewhere
        )
        assert lines == ["sqlite:////tmp/node.db sqlite:////tmp/node.db"]
        assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == "sqlite:////tmp/mine.db"
    finally:
        mlflow.set_tracking_uri(None)

    run_function(lambda: None, environment_variables=elsewhere)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////tmp/later.db")
    assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == "sqlite:////tmp/later.db"


def test_an_exception_fails_the_node_and_is_in_the_log(tmp_path):
    def step():
        print("so far so good")
        print("no end", end="")
        raise ValueError("bad pixel")

    one, lines = call(tmp_path, node("a", function=step, outputs={}))

    with pytest.raises(NodeFailed, match="ValueError: bad pixel"):
        run_in_process(one)
    assert lines[:3] == ["so far so good", "no end", "Traceback (most recent call last):"]
    assert lines[-1] == "ValueError: bad pixel"


def test_an_error_of_the_package_is_one_sentence_in_the_log(tmp_path):
    def step():
        raise DataError("images.gz is truncated; fetch it again.")

    one, lines = call(tmp_path, node("a", function=step, outputs={}))

    with pytest.raises(NodeFailed, match=r"DataError: images.gz is truncated; fetch it again\."):
        run_in_process(one)
    assert lines == ["DataError: images.gz is truncated; fetch it again."]


@pytest.mark.parametrize(
    ("ending", "reason", "log"),
    [("sys.exit(3)", "exit code 3", []), ("sys.exit('too small')", "exit code 1", ["too small"])],
)
def test_an_exit_code_is_the_reason(tmp_path, ending, reason, log):
    source = tmp_path / "source"
    source.mkdir()
    (source / "step.py").write_text(f"import sys\n{ending}")
    snapshot = Snapshot(source, {"step.py": source / "step.py"})
    one, lines = call(tmp_path, node("a", command="python step.py", snapshot=snapshot, outputs={}))

    with pytest.raises(NodeFailed, match=reason):
        run_in_process(one)
    assert lines == log


@pytest.mark.parametrize("ending", ["sys.exit()", "sys.exit(0)"])
def test_an_exit_without_a_code_is_a_good_end(run_script, ending):
    assert run_script(f"import sys\nprint('done')\n{ending}") == ["done"]


def test_a_shell_command_is_refused(run_script):
    with pytest.raises(PlanError, match=r"node a runs 'ls -l ...'; in-process mode calls .* run it as a subprocess"):
        run_script("", command="ls -l")


def test_a_refused_node_fails_with_the_remedy(carry):
    run = carry(node("a", command="echo hello"), run_node=run_in_process)

    assert str(run.status) == "Failed"
    assert "run it as a subprocess" in run.nodes["a"].error


def test_both_streams_are_printed_and_still_shown(run_function, capsys):
    def step():
        print("out")
        print("err", file=sys.stderr)

    assert run_function(step) == ["out", "err"]
    assert capsys.readouterr() == ("out\n", "err\n")


def test_what_a_listener_prints_is_not_the_nodes(carry, capsys):
    run = carry(
        node("a", function=lambda **_: print("hello")),
        run_node=run_in_process,
        on_event=lambda event: print("heard", getattr(event, "line", "a change"), file=sys.stderr),
    )

    assert run.nodes["a"].log_path.read_text() == "hello\n"
    assert "heard hello" in capsys.readouterr().err


def test_a_listener_may_print_to_the_same_stream(carry, capsys):
    run = carry(
        node("a", function=lambda **_: print("hello")),
        run_node=run_in_process,
        on_event=lambda event: print("heard", getattr(event, "line", "a change")),
    )

    assert run.nodes["a"].log_path.read_text() == "hello\n"
    assert capsys.readouterr().out.count("heard hello") == 1


def test_ctrl_c_goes_through(run_function):
    def step():
        raise KeyboardInterrupt

    before = surroundings()
    with pytest.raises(KeyboardInterrupt):
        run_function(step)
    assert surroundings() == before


def test_a_node_logs_to_its_own_run_even_while_the_caller_has_an_active_run(carry, mlflow_store):
    def step(**_):
        mlflow.log_param("rate", 1)
        with mlflow.start_run(nested=True):  # as a step may that runs anywhere
            mlflow.log_metric("inner", 1.0)

    def other_step(**_):
        with mlflow.start_run():
            mlflow.log_param("rate", 2)

    with mlflow.start_run() as mine:
        run = carry(
            node("one", function=step),
            node("two", function=other_step, after=["one"]),
            run_node=run_in_process,
            pool=CallingThread(),
        )
        run.raise_for_status()
        assert mlflow.active_run() is mine
        mlflow.log_metric("still", 1.0)

    client = mlflow.MlflowClient(run.tracking_uri)
    rates = {name: client.get_run(one.run_id).data.params.get("rate") for name, one in run.nodes.items()}
    assert rates == {"one": "1", "two": "2"}
    logged = mlflow_store.get_run(mine.info.run_id)
    assert (logged.data.params, logged.data.metrics, logged.info.status) == ({}, {"still": 1.0}, "FINISHED")


@pytest.mark.usefixtures("mlflow_store")
def test_a_failing_node_leaves_the_callers_run_active(carry):
    def step(**_):
        mlflow.start_run()
        raise ValueError("no")

    with mlflow.start_run() as mine:
        run = carry(node("one", function=step), run_node=run_in_process, pool=CallingThread())

        assert mlflow.active_run() is mine
    assert str(run.status) == "Failed"
    assert "no" in run.nodes["one"].error


def test_a_node_runs_in_its_own_experiment_whatever_the_caller_has_chosen(carry, mlflow_store):
    chosen = mlflow.set_experiment("mine")
    mine = mlflow.start_run()
    mlflow.end_run()

    def step(**_):
        with mlflow.start_run():
            mlflow.log_metric("score", 1.0)

    try:
        run = carry(node("one", function=step), run_node=run_in_process, pool=CallingThread())
        run.raise_for_status()
        with mlflow.start_run() as later:
            assert later.info.experiment_id == chosen.experiment_id
        assert mlflow.last_active_run().info.run_id == later.info.run_id
    finally:
        mlflow.tracking.fluent._active_experiment_id = None  # MLflow has no function that forgets the choice
    assert mlflow_store.get_run(mine.info.run_id).info.status == "FINISHED"
    metrics = mlflow.MlflowClient(run.tracking_uri).get_run(run.nodes["one"].run_id).data.metrics
    assert metrics == {"score": 1.0}
