"""What the documentation says is so: its commands and programs work, its links lead somewhere, its names exist."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from documents import DOCUMENTS, NOT_RUN, ROOT, blocks, commands, run_command, stories
from idx_data import write_idx
from test_public_names import PUBLIC
from workspace_stand_in.fixtures import azure_environment, completing, stand_in

__all__ = ["azure_environment", "stand_in"]

DOCS = ROOT / "docs"
# Each document with commands or programs, and these run in a test: here, or in test_readme.py.
RUN = [ROOT / "README.md", DOCS / "running-locally.md", DOCS / "gate.md", DOCS / "azure.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def local_stories() -> Iterator:
    """Each story of the pages about this machine. One with commands takes longer than one program."""
    for page in ("running-locally", "gate"):
        for number, story in enumerate(stories(DOCS / f"{page}.md"), 1):
            is_program = len(story) == 1 and story[0].endswith("\npython program.py")
            yield pytest.param(story, marks=pytest.mark.slow if is_program else pytest.mark.long, id=f"{page}-{number}")


@pytest.mark.parametrize("story", list(local_stories()))
def test_each_program_and_each_block_of_commands_works_alone_in_a_fresh_folder(story, tmp_path):
    if "--data my-digits" in " ".join(story):  # the reader's own data, as the page says
        random = np.random.default_rng(0)
        for split in ("train", "test"):
            images = random.integers(0, 256, (40, 8, 8))
            write_idx(tmp_path / "my-digits", split, images, np.arange(40) % 10)

    for line in story:
        assert "Empty DataFrame" not in run_command(line, tmp_path)


def test_a_block_belongs_to_the_one_before_it_only_if_the_text_says_so(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "Text.\n\n```python\na = 1\n```\nMore.\n\n```console\nls\nmnist-pipeline azure probe --compute NAME\n```\n"
        "Other.\n\nAfter the commands above,\nin the same folder:\n\n```console\npwd\n```\n\n```python\n'b'\n```\n"
    )

    first, second, third = stories(page)
    assert first == ["cat > program.py <<'END'\na = 1\nEND\npython program.py"]
    assert second == ["ls", "pwd"]
    assert len(third) == 1
    assert "'b'" in third[0]


@pytest.mark.slow
def test_each_block_of_the_azure_page_works_alone_beside_a_config_file(stand_in, azure_environment, tmp_path):
    page = DOCS / "azure.md"
    assert sum(map(len, stories(page))) == len(commands(page)) + len(blocks(page, "python"))

    with completing(stand_in):
        for number, story in enumerate(stories(page)):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "config.json").write_text(json.dumps(stand_in.config))
            for line in story:
                if " logs first-try " in line:  # by now the job has run
                    stand_in.put_logs("first-try", {"user_logs/std_log.txt": b"epoch 1/3"}, node="train_node")
                    stand_in.put_output("first-try", "result", {"metrics.json": b"{}"})
                run_command(line, folder, azure_environment)

    assert "first-try" in stand_in.jobs
    (other,) = set(stand_in.jobs) - {"first-try"}
    assert list(stand_in.submitted_job(other).nodes) == list(stand_in.submitted_job("first-try").nodes)
    assert list(tmp_path.glob("*/prep.yml"))
    assert list(tmp_path.glob("*/first-result/metrics.json"))


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
