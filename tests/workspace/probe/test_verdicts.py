"""The probe's verdicts on jobs that fail in ways that the stand-in cannot produce."""

import pytest

from mnist_pipeline.workspace.probe.assumptions import read_assumptions
from mnist_pipeline.workspace.probe.facts import JobFacts, NodeFacts, Observation
from mnist_pipeline.workspace.probe.verdicts import Verdict, judge

ASSUMPTIONS = read_assumptions()
HELD = Observation(True, "it did")


def job(status, **nodes):
    return JobFacts("probe-1", accepted=True, status=status, nodes=nodes, shown=tuple(nodes))


def steps(prepare, package):
    return {"steps": job("Failed", prepare_node=prepare, package_node=package)}


def verdict(name, facts):
    (found,) = judge({name: ASSUMPTIONS[name]}, facts, {})
    return found


COMPLETED = NodeFacts("Completed", checks={"import-trick": HELD})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("Image build failed. Build log: https://...", Verdict.FAILS),
        ("The cluster's subnet has no free address.", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
    ],
)
def test_a_step_that_never_started_blames_its_image_only_if_azure_does(error, expected):
    failed = NodeFacts("Failed", error=error)

    found = verdict("environment-small", steps(failed, failed))

    assert found.verdict is expected
    assert error in found.finding


def test_a_job_that_waits_for_a_machine_proves_nothing():
    queued = NodeFacts("Queued")

    for name in ("environment-small", "import-trick", "mldesigner-execute", "output-download"):
        assert (
            verdict(name, {"steps": job("Running", prepare_node=queued, package_node=queued)}).verdict
            is Verdict.UNKNOWN
        )


def test_a_component_that_fails_although_the_package_is_found_blames_mldesigner():
    failed = NodeFacts("Failed", error="exit code 127")

    assert verdict("mldesigner-execute", steps(failed, COMPLETED)).verdict is Verdict.FAILS
    assert verdict("mldesigner-execute", steps(failed, NodeFacts("Failed"))).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("accepted", "expected"), [(True, Verdict.HOLDS), (False, Verdict.FAILS), (None, Verdict.UNKNOWN)]
)
def test_a_refusal_counts_only_if_azure_answered(accepted, expected):
    facts = {"steps": JobFacts("probe-1", accepted, "words", nodes={"prepare_node": NodeFacts()})}

    assert verdict("job-accepted", facts).verdict is expected


@pytest.mark.parametrize(
    ("elsewhere", "expected"), [(COMPLETED, Verdict.FAILS), (NodeFacts("Failed"), Verdict.UNKNOWN)]
)
def test_serverless_compute_fails_only_if_the_same_step_ran_elsewhere(elsewhere, expected):
    facts = {**steps(elsewhere, NodeFacts("Failed")), "serverless": job("Failed", prepare_node=NodeFacts("Failed"))}

    assert verdict("serverless", facts).verdict is expected


def test_a_check_that_did_not_run_proves_nothing():
    facts = {"tracking": job("Failed", tracking_node=NodeFacts("Failed", checks={"run-id": HELD}))}

    assert verdict("run-id", facts).verdict is Verdict.HOLDS
    assert verdict("aliases", facts).verdict is Verdict.UNKNOWN
    assert verdict("aliases", facts).finding == "tracking_node ended before this check"


def test_a_model_that_cannot_be_mounted_as_a_folder_fails_the_step_that_reads_it():
    written = NodeFacts("Completed", checks={"model-output-folder": HELD, "output-rename": HELD})
    facts = {"model": job("Failed", write_node=written, read_node=NodeFacts("Failed", error="type mismatch"))}

    assert verdict("model-as-folder", facts).verdict is Verdict.FAILS
    assert verdict("model-output", facts).verdict is Verdict.HOLDS


def test_an_optional_check_says_how_to_request_it():
    for name, option in (("serverless", "--serverless"), ("gpu-found", "--gpu-compute")):
        found = verdict(name, {})
        assert found.verdict is Verdict.UNKNOWN
        assert option in found.finding
