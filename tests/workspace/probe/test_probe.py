"""The whole probe against the stand-in, which runs the uploaded jobs: with all capabilities, then without each one."""

import json
import time

import pytest
from execution import Execution, executing
from taken_away import IN_EXECUTION, TAKEN_AWAY

from mnist_pipeline.workspace.probe.assumptions import read_assumptions

pytest_plugins = ["command"]
pytestmark = pytest.mark.long

ASSUMPTIONS = read_assumptions()
EXECUTED = [name for name, entry in ASSUMPTIONS.items() if entry.shown_by and entry.job != "gpu"]
# The jobs to run again without a capability, if they are not just the job that checks it.
CONCERNED = {
    "environment-small": ("steps", "model", "serverless"),
    "output-rename": ("steps", "model"),
    "job-accepted": (),
    "upload": (),
    "output-download": (),
    "node-names": (),
}


def _concerned(lacks):
    if not lacks or ASSUMPTIONS[lacks].job == "asked":
        return ()
    return CONCERNED.get(lacks, (ASSUMPTIONS[lacks].job,))


@pytest.fixture(scope="module")
def done():
    """The results of the jobs with every capability, so that unaffected jobs need not run again."""
    return {}


@pytest.fixture
def probe(built, tracking_server, azure, stand_in, tmp_path, tmp_path_factory, monkeypatch, done):
    """A function that runs the command without one capability; returns its output and the verdicts by assumption."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.1)))  # no need to wait for Azure here
    stand_in.attach_mlflow(tracking_server)

    def run(lacks="", *options):
        jobs = _concerned(lacks)
        anew = {f"mnist-pipeline-probe-{job}" for job in jobs}
        earlier = {kind: nodes for kind, nodes in done.items() if kind not in anew}
        TAKEN_AWAY.get(lacks, lambda _: None)(stand_in)
        execution = Execution(stand_in, built, tmp_path_factory.mktemp("execution"), lacks, earlier)
        with executing(execution):
            finished = azure("probe", "--compute", "cpu-cluster", "--yes", "--json", "probe.json", *options)
        if not lacks:
            done.update(execution.ran)
        results = json.loads((tmp_path / "probe.json").read_text())["results"]
        return finished, {result["name"]: (result["verdict"], result["finding"]) for result in results}

    return run


def test_with_every_capability_all_executed_checks_hold(probe, stand_in):
    finished, verdicts = probe("", "--serverless")

    assert {name: verdicts[name] for name in EXECUTED if verdicts[name][0] != "holds"} == {}
    assert {verdicts[name][0] for name in verdicts.keys() - set(EXECUTED)} == {"could not tell"}
    assert finished.code == 0, finished
    assert stand_in.unknown == []


@pytest.mark.parametrize("lacks", EXECUTED)
def test_without_a_capability_exactly_its_check_fails(lacks, probe):
    finished, verdicts = probe(lacks, "--serverless")

    failed = {name: finding for name, (verdict, finding) in verdicts.items() if verdict == "does not hold"}
    assert failed.keys() == {lacks}, (failed, verdicts[lacks])
    assert finished.code == 1
    assert f"{lacks} does not hold. Avoid: {ASSUMPTIONS[lacks].avoid}" in finished.output
    finished.assert_one_sentence("1 of 43 assumptions did not hold")


@pytest.mark.parametrize("lacks", ["environment-gpu", "gpu-found"])
def test_without_a_gpu_or_its_image_that_check_fails(lacks, probe):
    """There is no GPU here, so only the failure can be tested."""
    finished, verdicts = probe(lacks, "--gpu-compute", "gpu-cluster")

    assert {name for name, (verdict, _) in verdicts.items() if verdict == "does not hold"} == {lacks}
    assert finished.code == 1


def test_each_executed_check_has_a_way_to_take_its_capability_away():
    assert sorted([*TAKEN_AWAY, *IN_EXECUTION]) == sorted(EXECUTED)
