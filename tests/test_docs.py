"""What the documentation says is so: its commands and programs work, its links lead somewhere, its names exist."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from documents import DOCUMENTS, NOT_RUN, ROOT, blocks, commands, run_command
from idx_data import write_idx
from test_public_names import PUBLIC
from workspace_stand_in.fixtures import azure_environment, completing, stand_in

__all__ = ["azure_environment", "stand_in"]

DOCS = ROOT / "docs"
# Each document with commands or programs, and these run in a test: here, or in test_readme.py.
RUN = [ROOT / "README.md", DOCS / "running-locally.md", DOCS / "gate.md", DOCS / "azure.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.long
def test_the_commands_for_this_machine_work_word_by_word(tmp_path):
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        images = random.integers(0, 256, (40, 8, 8))
        write_idx(tmp_path / "my-digits", split, images, np.arange(40) % 10)

    for line in commands(DOCS / "gate.md") + commands(DOCS / "running-locally.md"):
        run_command(line, tmp_path)


@pytest.mark.slow
def test_the_programs_for_this_machine_work_one_after_the_other(tmp_path):
    programs = blocks(DOCS / "running-locally.md", "python") + blocks(DOCS / "gate.md", "python")
    (tmp_path / "program.py").write_text("\n".join(programs))

    run_command("python program.py", tmp_path)


@pytest.mark.slow
def test_the_azure_page_can_be_followed_word_by_word(stand_in, azure_environment, tmp_path):
    (program,) = blocks(DOCS / "azure.md", "python")
    (tmp_path / "config.json").write_text(json.dumps(stand_in.config))
    (tmp_path / "program.py").write_text(program)

    with completing(stand_in):
        for line in [*commands(DOCS / "azure.md"), "python program.py"]:
            if " logs first-try " in line:  # by now the job has run
                stand_in.put_logs("first-try", {"user_logs/std_log.txt": b"epoch 1/3"}, node="train_node")
                stand_in.put_output("first-try", "result", {"metrics.json": b"{}"})
            run_command(line, tmp_path, azure_environment)

    first, second = stand_in.jobs
    assert first == "first-try"
    assert list(stand_in.submitted_job(second).nodes) == list(stand_in.submitted_job(first).nodes)
    assert (tmp_path / "prep.yml").is_file()
    assert (tmp_path / "first-result/metrics.json").is_file()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_documented_command_or_program_is_left_untried(document):
    assert document in RUN or commands(document) + blocks(document, "python") == []


def test_what_is_not_run_is_documented():
    documented = "".join(block for document in DOCUMENTS for block in blocks(document, "console")).splitlines()

    assert [line for line in NOT_RUN if line not in documented] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_to_a_file_and_a_heading(document):
    broken = [link for link in local_links(document) if not leads_somewhere(document, link)]

    assert broken == []


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=lambda path: path.name
)
def test_every_file_that_a_text_names_exists(document):
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    named = re.findall(r"`([\w./-]+\.(?:py|yaml|toml|ipynb|md))`", text)
    files = [f"/{path.relative_to(ROOT).as_posix()}" for path in files_of_the_repository()]

    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module):
    described = re.findall(r"^\.\. auto\w+:: mnist_pipeline\..*?(\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)

    assert set(importlib.import_module(module).__all__) - set(described) <= {"__version__"}


def local_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(document.read_text()):
        if not re.match(r"[a-z]+:", link):
            yield link


def leads_somewhere(document: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = document.parent / file if file else document
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(document: Path) -> list[str]:
    """Return the anchors that GitHub and MyST make from the headings."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def files_of_the_repository() -> Iterator[Path]:
    yield from ROOT.glob("*.*")  # those that begin with a dot, too
    for folder in ("mnist_pipeline", "tests", "docs", "benchmarks", "notebooks", "tools"):
        yield from (ROOT / folder).rglob("*.*")
