"""The ledger is complete, names what exists, and is the page of the documentation."""

import importlib.util
from pathlib import Path

import pytest

from mnist_pipeline.workspace.probe.assumptions import read_ledger
from mnist_pipeline.workspace.probe.document import document
from mnist_pipeline.workspace.probe.jobs import ASKED, jobs_of

LEDGER = read_ledger()
PAGE = Path(__file__).parents[3] / "docs/azure-assumptions.md"


@pytest.mark.parametrize("entry", LEDGER.values(), ids=LEDGER)
def test_an_entry_says_all_that_a_reader_needs(entry):
    assert entry.believed.endswith(".")
    assert entry.evidence.endswith(".")
    assert entry.avoid.endswith(".")
    assert bool(entry.shown_by) != bool(entry.not_tried), "a job shows it, or there is a reason why none does"
    assert entry.shown_by or not entry.untested, "only a check can be untested"
    assert entry.relied_on_by


@pytest.mark.parametrize("entry", LEDGER.values(), ids=LEDGER)
def test_the_modules_that_rely_on_an_entry_exist(entry):
    assert [module for module in entry.relied_on_by if importlib.util.find_spec(module) is None] == []


def test_the_jobs_and_nodes_that_show_an_entry_are_those_of_the_probe():
    jobs = {job.name: job.nodes for job in jobs_of(None, "model", "cpu", serverless=True, gpu_compute="gpu")}

    for entry in LEDGER.values():
        if entry.shown_by and entry.job != ASKED:
            assert entry.job in jobs
            assert not entry.node or jobs[entry.job][entry.node], "the node has a report"
    assert {entry.job for entry in LEDGER.values() if entry.shown_by} == {*jobs, ASKED}


def test_the_page_of_the_documentation_is_what_the_ledger_says():
    assert PAGE.read_text() == document(LEDGER), "make it anew: mnist_pipeline/workspace/probe/document.py"
