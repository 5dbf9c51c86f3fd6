"""Plans of nodes made by hand, carried out with Python functions instead of commands."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mnist_pipeline.errors import RunError, SettingError
from mnist_pipeline.runner import NodeChanged, NodePrinted, Status, run_locally
from mnist_pipeline.runner.node_call import NodeFailed
from mnist_pipeline.runner.plan import LocalData, OutputOf, Value

from .plans import node, status_of


def succeed(call):
    (call.outputs["result"] / "done.txt").write_text(call.node.name)


def fail_at(*names):
    """A way of running nodes that lets some of them fail after they wrote half of their output."""

    def run_node(call):
        succeed(call)
        if call.node.name in names:
            for number in range(20):
                call.print_line(f"line {number} of {call.node.name}")
            raise NodeFailed("exit code 3")

    return run_node


def states(run):
    return {name: str(node.status) for name, node in run.nodes.items()}


# Order


def test_a_node_runs_after_those_whose_outputs_it_reads(carry):
    order = []
    run = carry(
        node("last", after=["left", "right"]),
        node("left", after=["first"]),
        node("right", after=["first"]),
        node("first"),
        run_node=lambda call: order.append(call.node.name),
    )

    assert run.status is Status.COMPLETED
    assert (order[0], order[-1]) == ("first", "last")
    assert sorted(order) == ["first", "last", "left", "right"]


def test_independent_nodes_run_at_the_same_time(carry):
    meeting = threading.Barrier(2, timeout=60)

    run = carry(node("a"), node("b"), run_node=lambda _: meeting.wait(), pool=ThreadPoolExecutor(2))

    assert run.status is Status.COMPLETED


def test_a_node_gets_values_and_paths(carry, text_folder):
    seen = {}

    def run_node(call):
        succeed(call)
        seen[call.node.name] = dict(call.inputs)

    run = carry(
        node("first"),
        node("second", after=["first"], inputs={"n": Value(3), "text": LocalData(text_folder)}),
        run_node=run_node,
    )

    assert seen["second"] == {
        "first": run.nodes["first"].outputs["result"],
        "n": Value(3),
        "text": text_folder,
    }


def test_a_run_without_nodes_completes(carry):
    assert carry().status is Status.COMPLETED


# Outputs


def test_outputs_appear_only_when_the_node_has_completed(carry):
    seen = []

    def run_node(call):
        succeed(call)
        seen.append((call.outputs["result"].parent.parent / "outputs").exists())

    run = carry(node("a"), run_node=run_node)

    assert seen == [False]
    assert (run.nodes["a"].outputs["result"] / "done.txt").read_text() == "a"
    assert sorted(path.name for path in (run.folder / "nodes" / "a").iterdir()) == ["log.txt", "outputs"]


def test_a_failed_node_leaves_no_outputs(carry):
    run = carry(node("a"), run_node=fail_at("a"))

    assert run.nodes["a"].outputs == {}
    assert sorted(path.name for path in (run.folder / "nodes" / "a").iterdir()) == ["log.txt"]


def test_the_outputs_of_the_pipeline_are_those_of_its_completed_nodes(carry):
    run = carry(
        node("good"),
        node("bad"),
        run_node=fail_at("bad"),
        outputs={"model": OutputOf("good", "result"), "report": OutputOf("bad", "result")},
    )

    assert run.outputs == {"model": run.nodes["good"].outputs["result"]}


def test_a_file_that_was_not_written_fails_its_node(carry):
    run = carry(node("a", outputs={"count": "uri_file"}), run_node=lambda _: None)

    assert run.nodes["a"].status is Status.FAILED
    assert "without writing its output count" in run.nodes["a"].error
    assert not (run.folder / "nodes" / "a" / "outputs").exists()


# Failures


def test_a_failing_node_stops_its_dependents_and_lets_the_others_finish(carry):
    run = carry(
        node("bad"),
        node("after_bad", after=["bad"]),
        node("long_after_bad", after=["after_bad"]),
        node("good"),
        node("after_good", after=["good"]),
        node("after_both", after=["good", "bad"]),
        run_node=fail_at("bad"),
    )

    assert run.status is Status.FAILED
    assert states(run) == {
        "bad": "Failed",
        "after_bad": "NotStarted",
        "long_after_bad": "NotStarted",
        "good": "Completed",
        "after_good": "Completed",
        "after_both": "NotStarted",
    }


def test_the_error_names_the_node_its_log_and_the_last_lines_of_it(carry):
    run = carry(node("train"), run_node=fail_at("train"))

    with pytest.raises(RunError) as error:
        run.raise_for_status()
    message = str(error.value)
    assert "node train failed: exit code 3: line 19 of train" in message
    assert str(run.folder / "nodes" / "train" / "log.txt") in message
    assert message.endswith("| line 19 of train")
    assert "line 15 of train" in message
    assert "line 14 of train" not in message


def test_each_failed_node_is_in_the_error(carry):
    run = carry(node("a"), node("b"), node("c"), run_node=fail_at("a", "c"))

    with pytest.raises(RunError, match=r"(?s)node a failed.*node c failed") as error:
        run.raise_for_status()
    assert "node b" not in str(error.value)


def test_an_empty_log_is_called_empty(carry):
    def run_node(_):
        raise NodeFailed("exit code 1")

    with pytest.raises(RunError, match=r"log\.txt, is empty\."):
        carry(node("a"), run_node=run_node).raise_for_status()


def test_a_completed_run_raises_nothing(carry):
    carry(node("a"), run_node=succeed).raise_for_status()


def test_an_unforeseen_exception_fails_its_node_and_is_in_the_log(carry):
    def run_node(call):
        succeed(call)
        if call.node.name == "a":
            raise OSError(28, "No space left on device")

    run = carry(node("a"), node("b"), run_node=run_node)

    assert states(run) == {"a": "Failed", "b": "Completed"}
    assert run.nodes["a"].error == "OSError: [Errno 28] No space left on device"
    assert "Traceback" in run.nodes["a"].log_path.read_text()


# Status and events


def test_the_status_file_is_written_as_the_run_goes(carry, runs):
    seen = []

    def on_event(event):
        if isinstance(event, NodeChanged):
            (folder,) = (path for path in runs.iterdir() if path.is_dir() and path.name != "mlartifacts")
            status = status_of(folder)
            seen.append(
                (event.node.name, event.node.status, status["status"], status["nodes"][event.node.name]["status"])
            )
            assert status["ended"] is None

    run = carry(node("a"), node("b", after=["a"]), run_node=fail_at("b"), on_event=on_event)

    assert seen == [
        ("a", "Running", "Running", "Running"),
        ("a", "Completed", "Running", "Completed"),
        ("b", "Running", "Running", "Running"),
        ("b", "Failed", "Running", "Failed"),
    ]
    status = status_of(run.folder)
    assert status["name"] == run.name == run.folder.name
    assert status["status"] == "Failed"
    assert status["ended"] >= status["started"]
    assert status["mlflow"] == {"tracking_uri": run.tracking_uri, "run_id": run.run_id}
    assert status["nodes"]["a"]["outputs"] == {"result": str(run.nodes["a"].outputs["result"])}
    assert status["nodes"]["b"]["error"] == "exit code 3"


def test_the_plan_is_written_down_without_the_values_of_environment_variables(carry):
    secret = node("a", command="run ${{inputs.n}}", inputs={"n": Value(3)}, environment_variables={"TOKEN": "secret"})

    run = carry(secret, run_node=succeed)

    written = (run.folder / "plan.json").read_text()
    assert '"n": 3' in written
    assert "TOKEN" in written
    assert "secret" not in written


def test_printed_lines_are_events_with_the_name_of_their_node_and_stand_in_the_log(carry):
    events = []

    run = carry(
        node("a"),
        run_node=lambda call: [call.print_line(text) for text in ("one", "zwei \udcff")],
        on_event=events.append,
    )

    assert [event for event in events if isinstance(event, NodePrinted)] == [
        NodePrinted("a", "one"),
        NodePrinted("a", "zwei \udcff"),
    ]
    assert run.nodes["a"].log_path.read_text() == "one\nzwei ?\n"


def test_events_come_one_at_a_time(carry):
    inside = []
    most = []

    def on_event(_):
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    carry(
        *(node(name) for name in "abcd"),
        run_node=lambda call: [call.print_line("x") for _ in range(200)],
        on_event=on_event,
    )

    assert max(most) == 1


def test_what_a_listener_raises_ends_the_run_and_reaches_the_caller(carry, runs):
    def on_event(event):
        if isinstance(event, NodePrinted):
            raise BrokenPipeError("nobody reads")

    def run_node(call):
        call.print_line("hello")
        assert call.cancel.wait(60)
        raise NodeFailed("canceled")

    with pytest.raises(BrokenPipeError, match="nobody reads"):
        carry(node("a"), node("b", after=["a"]), run_node=run_node, on_event=on_event)

    (folder,) = (path.parent for path in runs.glob("*/status.json"))
    assert status_of(folder)["status"] == "Failed"
    assert status_of(folder)["nodes"]["b"]["status"] == "NotStarted"


# Ctrl-C; test_interrupt.py has it with real processes


def interrupt(call):
    """Press Ctrl-C, and wait until the runner asks to stop."""
    succeed(call)
    os.kill(os.getpid(), signal.SIGINT)
    assert call.cancel.wait(60)
    raise NodeFailed("canceled")


def test_ctrl_c_marks_run_and_running_nodes_as_canceled(carry, runs):
    with pytest.raises(KeyboardInterrupt):
        carry(node("a"), node("b", after=["a"]), run_node=interrupt)

    (folder,) = (path.parent for path in runs.glob("*/status.json"))
    status = status_of(folder)
    assert status["status"] == "Canceled"
    assert {name: one["status"] for name, one in status["nodes"].items()} == {"a": "Canceled", "b": "NotStarted"}
    assert not list(folder.glob("nodes/*/outputs*"))


def test_ctrl_c_keeps_waiting_nodes_from_starting(carry, runs):
    with pytest.raises(KeyboardInterrupt):
        carry(*(node(name) for name in "abc"), run_node=interrupt, pool=ThreadPoolExecutor(1))

    (folder,) = (path.parent for path in runs.glob("*/status.json"))
    started = [path.name for path in (folder / "nodes").iterdir()]
    assert len(started) == 1


def test_ctrl_c_lets_what_completed_stand(carry, runs):
    def run_node(call):
        succeed(call) if call.node.name == "a" else interrupt(call)

    with pytest.raises(KeyboardInterrupt):
        carry(node("a"), node("b", after=["a"]), run_node=run_node)

    (done,) = runs.glob("*/nodes/a/outputs/result/done.txt")
    assert done.read_text() == "a"


def test_a_second_ctrl_c_leaves_the_run_marked_as_canceled(carry, runs):
    def press_twice(call):
        os.kill(os.getpid(), signal.SIGINT)
        assert call.cancel.wait(60)
        os.kill(os.getpid(), signal.SIGINT)
        raise NodeFailed("canceled")

    with pytest.raises(KeyboardInterrupt):
        carry(node("a"), run_node=press_twice)

    (folder,) = (path.parent for path in runs.glob("*/status.json"))
    assert status_of(folder)["status"] == "Canceled"
    assert status_of(folder)["nodes"]["a"]["status"] == "Canceled"


# The door


def test_an_unknown_mode_names_the_modes(tmp_path):
    with pytest.raises(SettingError, match="mode is 'docker'; choose subprocess or in-process"):
        run_locally(None, tmp_path, mode="docker")
