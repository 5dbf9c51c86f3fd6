"""Nodes in their own processes, with lines of shell as their commands."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import azure.ai.ml
import pytest

from mnist_pipeline.runner.node_call import NodeFailed
from mnist_pipeline.runner.plan import LocalData, Snapshot, Value
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

from .plans import call, is_alive, node

LOOP = "while true; do sleep 0.05; done"


@pytest.fixture
def run_shell(tmp_path):
    """A function that runs a line of shell as a node and returns the lines that it prints."""

    def run_shell(command, *, grace_seconds=60, **changes):
        one, lines = call(tmp_path, node("a", command=command, **changes))
        run_in_subprocess(one, grace_seconds=grace_seconds)
        return lines

    return run_shell


def run_and_cancel(folder, command, *, grace_seconds=60):
    """Run a line of shell, cancel it when it prints `ready`, and return the lines that it prints."""
    one, lines = call(folder, node("a", command=command))

    def print_line(line):
        lines.append(line)
        if line == "ready":
            one.cancel.set()

    with pytest.raises(NodeFailed, match="canceled"):
        run_in_subprocess(replace(one, print_line=print_line), grace_seconds=grace_seconds)
    return lines


def test_inputs_and_outputs_are_on_the_command_line(run_shell, tmp_path, text_folder):
    lines = run_shell(
        "cat ${{inputs.text}}/text.txt; echo '${{inputs.word}} ${{inputs.yes}}' > ${{outputs.result}}/out.txt",
        inputs={"text": LocalData(text_folder), "word": Value("two  spaces"), "yes": Value(True)},
    )

    assert lines == ["hello world"]
    assert (tmp_path / "outputs" / "result" / "out.txt").read_text() == "two  spaces true\n"


def test_both_streams_are_printed(run_shell):
    assert run_shell("echo out; echo err >&2") == ["out", "err"]


def test_an_exit_code_is_the_reason(run_shell):
    with pytest.raises(NodeFailed, match="exit code 7"):
        run_shell("exit 7")


def test_a_command_that_does_not_exist_is_in_the_log(tmp_path):
    one, lines = call(tmp_path, node("a", command="no-such-command"))

    with pytest.raises(NodeFailed, match="exit code 127"):
        run_in_subprocess(one)
    assert "no-such-command" in lines[0]


def test_environment_variables_reach_the_command(run_shell):
    assert run_shell('echo "$MOOD"', environment_variables={"MOOD": "very calm"}) == ["very calm"]


def test_variables_of_this_process_reach_the_command_too(run_shell, monkeypatch):
    monkeypatch.setenv("FROM_OUTSIDE", "yes")

    assert run_shell('echo "$FROM_OUTSIDE"') == ["yes"]


def test_python_is_the_interpreter_that_runs_this(run_shell):
    assert run_shell("python -c 'import sys; print(sys.prefix)'") == [sys.prefix]


def test_a_node_without_the_sdk_in_its_environment_does_not_find_that_of_this_one(run_shell):
    lines = run_shell("python -c 'import azure.core; import azure.ai.ml' || true", imports_sdk=False)

    assert lines[-1] == (
        "ModuleNotFoundError: azure.ai.ml is not in the environment of this step; add azure-ai-ml to its conda file."
    )


def test_a_node_with_the_sdk_in_its_environment_finds_it(run_shell):
    program = 'import importlib.util; print(importlib.util.find_spec("azure.ai.ml").origin)'

    assert run_shell(f"python -c '{program}'", imports_sdk=True) == [azure.ai.ml.__file__]


def test_the_path_of_python_given_to_a_node_stays(run_shell, tmp_path):
    (tmp_path / "mine.py").write_text("print('found')")

    assert run_shell("python -m mine", imports_sdk=False, environment_variables={"PYTHONPATH": str(tmp_path)}) == [
        "found"
    ]


def test_the_input_is_closed(run_shell):
    assert run_shell("cat; echo done") == ["done"]


def test_a_node_runs_in_a_copy_of_its_snapshot(run_shell, tmp_path):
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.txt").write_text("original")
    snapshot = Snapshot(source, {"deep/a.txt": source / "deep" / "a.txt"})

    lines = run_shell("cat deep/a.txt; echo changed > deep/a.txt; echo new > b.txt; pwd -P", snapshot=snapshot)

    assert lines == ["original" + str((tmp_path / "code").resolve())]
    assert (source / "deep" / "a.txt").read_text() == "original"
    assert [path.name for path in source.iterdir()] == ["deep"]


def test_bytes_that_are_no_text_are_replaced(run_shell):
    assert run_shell(r"printf 'caf\xe9 \xff\n'; echo after") == ["caf� �", "after"]


def test_a_very_long_line_is_one_line(run_shell):
    lines = run_shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after")

    assert [len(line) for line in lines] == [3_000_000, 5]


def test_a_last_line_without_an_end_is_printed(run_shell):
    assert run_shell("printf 'no end'") == ["no end"]


def test_a_snapshot_that_cannot_be_copied_fails_its_node(carry, tmp_path):
    gone = Snapshot(tmp_path, {"gone.py": tmp_path / "gone.py"})

    run = carry(node("a", snapshot=gone), node("b"))

    assert str(run.status) == "Failed"
    assert "FileNotFoundError" in run.nodes["a"].error
    assert "gone.py" in run.nodes["a"].error
    assert str(run.nodes["b"].status) == "Completed"


def test_a_command_line_that_cannot_be_made_fails_its_node(carry):
    run = carry(node("a", command="echo '${{inputs.text}}'", inputs={"text": Value("it's")}), node("b"))

    assert "would break the quotes" in run.nodes["a"].error
    assert str(run.nodes["b"].status) == "Completed"


def test_two_processes_run_at_the_same_time(carry, tmp_path):
    def meet(mine, other):
        wait = f"for i in $(seq 1200); do [ -e {tmp_path}/{other} ] && exit 0; sleep 0.05; done; exit 1"
        return f"touch {tmp_path}/{mine}; {wait}"

    run = carry(node("a", command=meet("a", "b")), node("b", command=meet("b", "a")), pool=ThreadPoolExecutor(2))

    run.raise_for_status()


def test_a_file_output_is_kept_and_read_by_the_next_node(carry):
    run = carry(
        node("write", command="echo 42 > ${{outputs.result}}", outputs={"result": "uri_file"}),
        node("read", after=["write"], command="cat ${{inputs.write}}"),
    )

    assert run.nodes["write"].outputs["result"].read_text() == "42\n"
    assert run.nodes["read"].log_path.read_text() == "42\n"


# Processes that outlive their node, or would


def test_a_background_process_does_not_outlive_its_node(run_shell):
    started = time.monotonic()

    (pid,) = run_shell("sleep 60 & echo $!")

    assert time.monotonic() - started < 30  # not the 60 seconds that it sleeps, nor those of grace
    assert not is_alive(int(pid))


def test_a_process_that_left_the_group_does_not_hang_the_run(run_shell):
    leave = "import subprocess; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid)"

    (pid,) = run_shell(f'python -c "{leave}"', grace_seconds=1)

    os.kill(int(pid), signal.SIGKILL)


def test_a_canceled_command_may_tidy_up(tmp_path):
    lines = run_and_cancel(tmp_path, f"trap 'echo tidy; exit 3' TERM; echo ready; {LOOP}")

    assert [line for line in lines if "Terminated" not in line] == ["ready", "tidy"]


def test_a_canceled_command_in_the_middle_of_a_line_may_tidy_up(tmp_path):
    script = tmp_path / "step.sh"
    script.write_text(f"trap 'sleep 0.2; echo tidy; exit 3' TERM; echo ready; {LOOP}\n")

    lines = run_and_cancel(tmp_path, f"true; bash {script}; true")

    assert [line for line in lines if "Terminated" not in line] == ["ready", "tidy"]


def test_a_canceled_command_that_does_not_listen_is_killed(tmp_path):
    lines = run_and_cancel(tmp_path, f"trap '' TERM; echo $$; echo ready; {LOOP}", grace_seconds=0.5)

    assert not is_alive(int(lines[0]))


def test_without_bash_the_shell_of_the_system_does(run_shell, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("bash") is None

    assert run_shell("echo hello") == ["hello"]


def test_is_alive_tells_the_living_from_the_dead():
    with subprocess.Popen(["sleep", "60"]) as process:
        assert is_alive(process.pid)
        process.kill()
    assert not is_alive(process.pid)
