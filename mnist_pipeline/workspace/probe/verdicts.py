"""Judge each assumption by the results of the probe's jobs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mnist_pipeline.workspace.probe.assumptions import Assumption
from mnist_pipeline.workspace.probe.facts import JobFacts, NodeFacts, Observation
from mnist_pipeline.workspace.probe.jobs import AGAIN, ASKED, GPU, MODEL, SERVERLESS_JOB, STEPS, TRACKING

Facts = Mapping[str, JobFacts]

_NOT_REQUESTED = {SERVERLESS_JOB: "give --serverless to check it", GPU: "give --gpu-compute NAME to check it"}
_IMAGE = re.compile(r"image|environment|conda|docker", re.IGNORECASE)


class Verdict(StrEnum):
    """The probe's verdict on an assumption."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNKNOWN = "could not tell"


_VERDICTS = {True: Verdict.HOLDS, False: Verdict.FAILS, None: Verdict.UNKNOWN}


@dataclass(frozen=True)
class Result:
    """An assumption, the verdict on it, and the reason."""

    assumption: Assumption
    verdict: Verdict
    finding: str


def judge(assumptions: Mapping[str, Assumption], facts: Facts, asked: Mapping[str, Observation]) -> list[Result]:
    """Return one result for each assumption, in the same order.

    Args:
        assumptions: The assumptions by name.
        facts: The results of the probe's jobs, without the jobs that were not sent.
        asked: The results of the requests by the assumption's name, without the requests that were not sent.
    """
    results = []
    for assumption in assumptions.values():
        check = _check(assumption, facts, asked)
        results.append(Result(assumption, _VERDICTS[check.holds], check.finding))
    return results


def _check(assumption: Assumption, facts: Facts, asked: Mapping[str, Observation]) -> Observation:
    if not assumption.shown_by:
        return Observation(None, f"no job checks it: {assumption.not_tried}")
    if assumption.job == ASKED:
        return asked.get(
            assumption.name, Observation(None, "not checked, because the job that it needs was not accepted")
        )
    job = facts.get(assumption.job)
    if job is None:
        return Observation(
            None, _NOT_REQUESTED.get(assumption.job, "not checked, because an earlier job did not complete")
        )
    if assumption.name in _SUBMISSION_CHECKS:
        return _SUBMISSION_CHECKS[assumption.name](facts)
    if not job.accepted:
        return Observation(None, f"its job was not accepted: {job.words}")
    if assumption.name in _JOB_CHECKS:
        return _JOB_CHECKS[assumption.name](facts)
    return _reported(job, assumption.node, assumption.name)


def _reported(job: JobFacts, node: str, name: str) -> Observation:
    """Return the result in a node's report."""
    facts = job.nodes[node]
    if facts.checks is None:
        return Observation(None, _why(node, facts))
    return facts.checks.get(name, Observation(None, f"{node} ended before this check"))


def _why(name: str, node: NodeFacts) -> str:
    """Return why there is no report of a node."""
    return f"{name} {_state(node)}{f': {node.no_report}' if node.no_report else ''}"


def _state(node: NodeFacts) -> str:
    return f"is {node.status or 'not listed by Azure'}{f' ({node.error})' if node.error else ''}"


def _job_accepted(facts: Facts) -> Observation:
    if _any_accepted(facts):
        return Observation(True, "Azure accepted a job")
    unclear = any(job.accepted is None for job in facts.values())
    return Observation(None if unclear else False, facts[STEPS].words)


def _upload(facts: Facts) -> Observation:
    job = facts[STEPS]
    return Observation(True, "the upload worked") if job.accepted else _refused(job, _any_accepted(facts))


def _model_output(facts: Facts) -> Observation:
    job = facts[MODEL]
    if not job.accepted:
        return _refused(job, _any_accepted(facts))
    if job.began("write_node"):
        return Observation(True, "Azure accepted the job, and its step wrote to the output")
    return _failed_alone(job, "write_node", facts)


def _serverless(facts: Facts) -> Observation:
    job = facts[SERVERLESS_JOB]
    if not job.accepted:
        return _refused(job, facts[STEPS].accepted is True)
    if job.completed("prepare_node"):
        return Observation(True, "a component completed on serverless compute")
    failed = job.nodes["prepare_node"].status == "Failed" and facts[STEPS].completed("prepare_node")
    return Observation(False if failed else None, f"prepare_node {_state(job.nodes['prepare_node'])}")


def _any_accepted(facts: Facts) -> bool:
    return any(job.accepted for job in facts.values())


def _refused(job: JobFacts, similar_accepted: bool) -> Observation:
    """Judge a refused job: the assumption fails only if Azure accepted a job that differs in nothing else."""
    refused = job.accepted is False and similar_accepted
    return Observation(False if refused else None, f"the job was not accepted: {job.words}")


def _failed_alone(job: JobFacts, node: str, facts: Facts) -> Observation:
    """Judge a failed node: the assumption fails only if another job ran a node in the same environment."""
    failed = job.nodes[node].status == "Failed" and _environment(facts, STEPS, *facts[STEPS].nodes).holds is True
    return Observation(False if failed else None, f"{node} {_state(job.nodes[node])}")


def _environment(facts: Facts, job_name: str, *nodes: str) -> Observation:
    job = facts[job_name]
    for node in nodes:
        if job.began(node):
            return Observation(True, f"{node} ran in it")
    for node in nodes:
        if job.nodes[node].status == "Failed" and _IMAGE.search(job.nodes[node].error):
            return Observation(False, f"{node} {_state(job.nodes[node])}")
    return Observation(None, "; ".join(_why(node, job.nodes[node]) for node in nodes))


def _mldesigner(facts: Facts) -> Observation:
    job = facts[STEPS]
    if job.completed("prepare_node"):
        return Observation(True, f"prepare_node completed{' (reused)' if job.nodes['prepare_node'].reused else ''}")
    # A step that cannot be imported, or cannot rename its files, fails under mldesigner too.
    imported = _reported(job, "package_node", "import-trick").holds is True
    renamed = MODEL not in facts or _reported(facts[MODEL], "write_node", "output-rename").holds is not False
    failed = job.nodes["prepare_node"].status == "Failed" and imported and renamed
    return Observation(False if failed else None, f"prepare_node {_state(job.nodes['prepare_node'])}")


def _model_as_folder(facts: Facts) -> Observation:
    job = facts[MODEL]
    node = job.nodes["read_node"]
    written = _reported(job, "write_node", "model-output-folder")
    if written.holds is not True:
        return Observation(None, f"the step before wrote no model: {written.finding}")
    if node.checks is None and node.status == "Failed" and job.completed("write_node"):
        return Observation(False, f"read_node {_state(node)}")
    return _reported(job, "read_node", "model-as-folder")


def _output_download(facts: Facts) -> Observation:
    reporting = [
        (name, job.nodes[name])
        for job in facts.values()
        for name, node in job.nodes.items()
        if node.checks or node.no_report
    ]
    missing = [
        f"{name}: {node.no_report}" for name, node in reporting if node.checks is None and node.status == "Completed"
    ]
    if missing:
        return Observation(False, "; ".join(missing))
    downloaded = [name for name, node in reporting if node.checks is not None]
    return Observation(True if downloaded else None, f"downloaded reports: {', '.join(downloaded) or 'none'}")


def _node_names(facts: Facts) -> Observation:
    for name, job in facts.items():
        if unknown := set(job.shown) - set(job.nodes):
            return Observation(
                False, f"job {name} shows {', '.join(sorted(unknown))}; its nodes are {', '.join(job.nodes)}"
            )
    shown = sorted({child for job in facts.values() for child in job.shown})
    return Observation(
        True if shown else None, f"Azure shows the children {', '.join(shown)}" if shown else "Azure shows no children"
    )


def _reuse(facts: Facts) -> Observation:
    job = facts[AGAIN]
    if job.nodes["prepare_node"].reused or job.any_reused:
        return Observation(True, "Azure reused prepare_node")
    return Observation(
        False if job.completed("prepare_node") else None, f"prepare_node {_state(job.nodes['prepare_node'])}"
    )


_SUBMISSION_CHECKS: Mapping[str, Callable[[Facts], Observation]] = {
    "job-accepted": _job_accepted,
    "upload": _upload,
    "model-output": _model_output,
    "serverless": _serverless,
}
_JOB_CHECKS: Mapping[str, Callable[[Facts], Observation]] = {
    "environment-small": lambda facts: _environment(facts, STEPS, "prepare_node", "package_node"),
    "environment-tracking": lambda facts: _environment(facts, TRACKING, "tracking_node"),
    "environment-gpu": lambda facts: _environment(facts, GPU, "gpu_node"),
    "mldesigner-execute": _mldesigner,
    "model-as-folder": _model_as_folder,
    "output-download": _output_download,
    "node-names": _node_names,
    "reuse": _reuse,
}
