"""The list of assumptions is complete, names modules and jobs that exist, and matches its page in docs/."""

import importlib.util
from pathlib import Path

import pytest

from mnist_pipeline.workspace.probe.assumptions import read_assumptions
from mnist_pipeline.workspace.probe.document import document
from mnist_pipeline.workspace.probe.jobs import ASKED, jobs_of

ASSUMPTIONS = read_assumptions()
PAGE = Path(__file__).parents[3] / "docs/azure-assumptions.md"


@pytest.mark.parametrize("entry", ASSUMPTIONS.values(), ids=ASSUMPTIONS)
def test_an_entry_is_complete(entry):
    assert entry.believed.endswith(".")
    assert entry.evidence.endswith(".")
    assert entry.avoid.endswith(".")
    assert bool(entry.shown_by) != bool(entry.not_tried), "a job checks it, or there is a reason why none does"
    assert entry.shown_by or not entry.untested, "only a check can be untested"
    assert entry.relied_on_by


@pytest.mark.parametrize("entry", ASSUMPTIONS.values(), ids=ASSUMPTIONS)
def test_the_modules_that_rely_on_an_entry_exist(entry):
    assert [module for module in entry.relied_on_by if importlib.util.find_spec(module) is None] == []


def test_the_jobs_and_nodes_that_check_an_entry_exist_in_the_probe():
    jobs = {job.name: job.nodes for job in jobs_of(None, "model", "cpu", serverless=True, gpu_compute="gpu")}

    for entry in ASSUMPTIONS.values():
        if entry.shown_by and entry.job != ASKED:
            assert entry.job in jobs
            assert not entry.node or jobs[entry.job][entry.node], "the node has a report"
    assert {entry.job for entry in ASSUMPTIONS.values() if entry.shown_by} == {*jobs, ASKED}


def test_the_page_in_docs_is_current():
    assert PAGE.read_text() == document(ASSUMPTIONS), (
        "write it again: python -m mnist_pipeline.workspace.probe.document > docs/azure-assumptions.md"
    )
