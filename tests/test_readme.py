"""What the README says is so."""

import re

import pytest
from documents import ROOT, blocks, commands, run_command

README = ROOT / "README.md"


def test_continuous_integration_types_the_line_that_passes_the_tests():
    (line,) = re.findall(r"^python3 -m venv .*\.\[test\].*$", README.read_text(), re.MULTILINE)

    assert line in (ROOT / ".ci/run").read_text().splitlines()


@pytest.mark.slow
def test_its_program_runs_as_it_stands_in_a_fresh_folder(tmp_path):
    (program,) = blocks(README, "python")
    (tmp_path / "program.py").write_text(program)

    printed = run_command("python program.py", tmp_path)

    assert "val_accuracy" in printed
    assert (tmp_path / "mnist-runs/mlflow.db").is_file()
    registration = tmp_path / printed.splitlines()[-1]
    assert (registration / "registration.json").is_file()


@pytest.mark.long
def test_the_first_run_ends_as_it_shows(tmp_path):
    _drawing, ending, _prediction = blocks(README, "")

    printed = run_command("mnist-pipeline run", tmp_path)

    shown = without_numbers(ending).splitlines()
    assert without_numbers(printed).splitlines()[-len(shown) :] == shown


@pytest.mark.long
def test_its_other_commands_work_on_all_of_fashion_mnist(tmp_path):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    training, prediction = commands(README)
    *_, shown = blocks(README, "")

    run_command(training, tmp_path)
    printed = run_command(prediction, tmp_path)

    name_and_class = r"\S+: [A-Z][a-z ]+"
    assert re.match(name_and_class, printed).group() == re.match(name_and_class, shown).group()


def without_numbers(text: str) -> str:
    """Replace what differs between two runs: their names, folders and numbers."""
    text = text.replace(".venv/bin/", "")
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{6}", "RUN", text)
    text = re.sub(r"sqlite:///\S+/mnist-runs", "sqlite:///.../mnist-runs", text)
    return re.sub(r"\d+(\.\d+)?", "N", text).strip()
