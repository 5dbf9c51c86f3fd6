"""What a person sees of the log of a failed node."""

import pytest
from azure.ai.ml import Input
from azure.ai.ml.dsl import pipeline

from mnist_pipeline.errors import RunError
from mnist_pipeline.runner import run_locally
from mnist_pipeline.runner.in_process_node import run_in_process
from mnist_pipeline.runner.log_ending import log_ending

from .plans import node
from .projects import shout_component

# As mldesigner 0.1.0b23 and Python 3.11 wrote it; paths shortened.
TRACEBACK = """\
[2026-11-30 22:44:45,333][execute][INFO] - Parsed args: '{'out': '/runs/a/outputs.partial/out'}'
[2026-11-30 22:44:45,333][execute][INFO] - ====================== User Logs ======================
Traceback (most recent call last):
  File "/venv/bin/mldesigner", line 8, in <module>
    sys.exit(main())
             ^^^^^^
  File "/venv/lib/python3.11/site-packages/mldesigner/_component_executor.py", line 280, in execute
    res = self._func(**param_args)
          ^^^^^^^^^^^^^^^^^^^^^^^^
  File "/runs/a/code/step.py", line 7, in boom
    inner(0)
  File "/runs/a/code/step.py", line 4, in inner
    return 1 / x
           ~~^~~
ZeroDivisionError: division by zero
"""
OWN = [
    "Traceback (most recent call last):",
    '  File "/runs/a/code/step.py", line 7, in boom',
    "    inner(0)",
    '  File "/runs/a/code/step.py", line 4, in inner',
    "    return 1 / x",
    "           ~~^~~",
    "ZeroDivisionError: division by zero",
]


def test_of_a_traceback_the_steps_own_frames_are_shown():
    assert log_ending(TRACEBACK) == OWN


def test_a_traceback_without_frames_of_the_step_is_its_last_line():
    log = """\
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/usr/lib/python3.11/importlib/__init__.py", line 126, in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
ModuleNotFoundError: No module named 'step'"""

    assert log_ending(log) == ["ModuleNotFoundError: No module named 'step'"]


def test_of_a_chain_of_exceptions_the_last_traceback_is_shown():
    first = 'Traceback (most recent call last):\n  File "/code/own.py", line 1, in f\n    g()\nKeyError: 1\n'
    link = "\nDuring handling of the above exception, another exception occurred:\n\n"

    assert log_ending(first + link + TRACEBACK) == OWN


@pytest.mark.parametrize("ending", ["DataError: images.gz is truncated; fetch it again.\n", "too small\n\n\n"])
def test_a_sentence_is_shown_without_the_lines_of_mldesigner(ending):
    head, _, _ = TRACEBACK.partition("Traceback")

    assert log_ending(head + ending) == [ending.strip()]


def test_of_other_logs_the_last_lines_are_shown():
    assert log_ending("".join(f"line {number}\n" for number in range(9))) == [f"line {n}" for n in range(4, 9)]
    assert log_ending(TRACEBACK + "".join(f"line {number}\n" for number in range(50)))[0] == "line 45"
    assert log_ending("") == []


def test_frames_that_a_step_prints_itself_stay():
    line = '  File "/venv/mldesigner/x.py", line 3 is where I look'

    assert log_ending(f"note\n{line}\n") == ["note", line]


@pytest.mark.parametrize("mode", [pytest.param("subprocess", marks=pytest.mark.slow), "in-process"])
def test_a_failing_function_is_shown_with_its_own_frames_and_the_whole_log_is_kept(mode, runs, tmp_path):
    (tmp_path / "empty").mkdir()

    @pipeline()
    def one_node():
        shout = shout_component(input_data=Input(type="uri_folder", path=str(tmp_path / "empty")))  # noqa: F841 - the name is the node's

    run = run_locally(one_node(), runs, mode=mode)

    with pytest.raises(RunError) as caught:
        run.raise_for_status()
    assert "FileNotFoundError" in str(caught.value)
    assert "/shout.py" in str(caught.value)
    starter = {"subprocess": "site-packages/mldesigner", "in-process": "in_process_node.py"}[mode]
    assert starter not in str(caught.value)
    assert starter in run.nodes["shout"].log_path.read_text()


def test_a_short_traceback_does_not_show_how_the_runner_called_the_function(carry):
    def step(**_):
        raise ValueError("bad pixel")

    run = carry(node("a", function=step), run_node=run_in_process)

    with pytest.raises(RunError) as caught:
        run.raise_for_status()
    shown = [line.removeprefix("    | ") for line in str(caught.value).splitlines() if line.startswith("    | ")]
    assert shown[0] == "Traceback (most recent call last):"
    assert shown[1].endswith("in step")
    assert shown[2:] == ['    raise ValueError("bad pixel")', "ValueError: bad pixel"]
