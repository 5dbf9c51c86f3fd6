"""From what became of the jobs to a verdict on each belief."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mnist_pipeline.workspace.probe.assumptions import Assumption
from mnist_pipeline.workspace.probe.facts import Check, JobFacts, NodeFacts
from mnist_pipeline.workspace.probe.jobs import AGAIN, ASKED, GPU, MODEL, SERVERLESS_JOB, STEPS, TRACKING

Facts = Mapping[str, JobFacts]

_NOT_ASKED = {SERVERLESS_JOB: "give --serverless to try it", GPU: "give --gpu-compute NAME to try it"}
_IMAGE = re.compile(r"image|environment|conda|docker", re.IGNORECASE)


class Verdict(StrEnum):
    """What the probe says of a belief."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNKNOWN = "could not tell"


_VERDICTS = {True: Verdict.HOLDS, False: Verdict.FAILS, None: Verdict.UNKNOWN}


@dataclass(frozen=True)
class Result:
    """A belief, the verdict on it, and what that rests on."""

    assumption: Assumption
    verdict: Verdict
    finding: str


def judge(ledger: Mapping[str, Assumption], facts: Facts, asked: Mapping[str, Check]) -> list[Result]:
    """Return a result for each entry of the ledger, in its order.

    Args:
        ledger: The entries by name.
        facts: What became of the probe's jobs; those that were not asked for are absent.
        asked: What was found by asking, by the entries' names; what was not asked is absent.
    """
    results = []
    for assumption in ledger.values():
        check = _check(assumption, facts, asked)
        results.append(Result(assumption, _VERDICTS[check.holds], check.finding))
    return results


def _check(assumption: Assumption, facts: Facts, asked: Mapping[str, Check]) -> Check:
    if not assumption.shown_by:
        return Check(None, f"no job shows it: {assumption.not_tried}")
    if assumption.job == ASKED:
        return asked.get(assumption.name, Check(None, "not asked, because the job that it takes is not there"))
    job = facts.get(assumption.job)
    if job is None:
        return Check(None, _NOT_ASKED.get(assumption.job, "not tried, because an earlier job did not complete"))
    if assumption.name in _OF_SUBMIT:
        return _OF_SUBMIT[assumption.name](facts)
    if not job.accepted:
        return Check(None, f"its job was not accepted: {job.words}")
    if assumption.name in _OF_JOBS:
        return _OF_JOBS[assumption.name](facts)
    return _told(job, assumption.node, assumption.name)


def _told(job: JobFacts, node: str, name: str) -> Check:
    """What a node's report says."""
    facts = job.nodes[node]
    if facts.checks is None:
        return Check(None, _why(node, facts))
    return facts.checks.get(name, Check(None, f"{node} ended before this check"))


def _why(name: str, node: NodeFacts) -> str:
    """Why there is no report of a node."""
    return f"{name} {_state(node)}{f': {node.no_report}' if node.no_report else ''}"


def _state(node: NodeFacts) -> str:
    return f"is {node.status or 'not among the children'}{f' ({node.error})' if node.error else ''}"


def _job_accepted(facts: Facts) -> Check:
    if _any_accepted(facts):
        return Check(True, "a job was accepted")
    unclear = any(job.accepted is None for job in facts.values())
    return Check(None if unclear else False, facts[STEPS].words)


def _upload(facts: Facts) -> Check:
    job = facts[STEPS]
    return Check(True, "the data were uploaded") if job.accepted else _refused(job, _any_accepted(facts))


def _model_output(facts: Facts) -> Check:
    job = facts[MODEL]
    if not job.accepted:
        return _refused(job, _any_accepted(facts))
    if job.began("write_node"):
        return Check(True, "the job was accepted and its step wrote to the output")
    return _failed_alone(job, "write_node", facts)


def _serverless(facts: Facts) -> Check:
    job = facts[SERVERLESS_JOB]
    if not job.accepted:
        return _refused(job, facts[STEPS].accepted is True)
    if job.completed("prepare_node"):
        return Check(True, "a component completed on serverless compute")
    failed = job.nodes["prepare_node"].status == "Failed" and facts[STEPS].completed("prepare_node")
    return Check(False if failed else None, f"prepare_node {_state(job.nodes['prepare_node'])}")


def _any_accepted(facts: Facts) -> bool:
    return any(job.accepted for job in facts.values())


def _refused(job: JobFacts, like_it_accepted: bool) -> Check:
    """A job that Azure refused shows something only if one that differs in this alone was accepted."""
    refused = job.accepted is False and like_it_accepted
    return Check(False if refused else None, f"the job was not accepted: {job.words}")


def _failed_alone(job: JobFacts, node: str, facts: Facts) -> Check:
    """A node that failed shows something only if one with the same environment ran elsewhere."""
    failed = job.nodes[node].status == "Failed" and _environment(facts, STEPS, *facts[STEPS].nodes).holds is True
    return Check(False if failed else None, f"{node} {_state(job.nodes[node])}")


def _environment(facts: Facts, job_name: str, *nodes: str) -> Check:
    job = facts[job_name]
    for node in nodes:
        if job.began(node):
            return Check(True, f"{node} ran in it")
    for node in nodes:
        if job.nodes[node].status == "Failed" and _IMAGE.search(job.nodes[node].error):
            return Check(False, f"{node} {_state(job.nodes[node])}")
    return Check(None, "; ".join(_why(node, job.nodes[node]) for node in nodes))


def _mldesigner(facts: Facts) -> Check:
    job = facts[STEPS]
    if job.completed("prepare_node"):
        return Check(True, f"prepare_node completed{' (reused)' if job.nodes['prepare_node'].reused else ''}")
    # A step that cannot be imported, or cannot rename its files, fails under mldesigner too.
    imported = _told(job, "package_node", "import-trick").holds is True
    renamed = MODEL not in facts or _told(facts[MODEL], "write_node", "output-rename").holds is not False
    failed = job.nodes["prepare_node"].status == "Failed" and imported and renamed
    return Check(False if failed else None, f"prepare_node {_state(job.nodes['prepare_node'])}")


def _model_as_folder(facts: Facts) -> Check:
    job = facts[MODEL]
    node = job.nodes["read_node"]
    written = _told(job, "write_node", "model-output-folder")
    if written.holds is not True:
        return Check(None, f"nothing to read was written: {written.finding}")
    if node.checks is None and node.status == "Failed" and job.completed("write_node"):
        return Check(False, f"read_node {_state(node)}")
    return _told(job, "read_node", "model-as-folder")


def _output_download(facts: Facts) -> Check:
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
        return Check(False, "; ".join(missing))
    came = [name for name, node in reporting if node.checks is not None]
    return Check(True if came else None, f"reports that came: {', '.join(came) or 'none'}")


def _node_names(facts: Facts) -> Check:
    for name, job in facts.items():
        if unknown := set(job.shown) - set(job.nodes):
            return Check(False, f"job {name} shows {', '.join(sorted(unknown))}; its nodes are {', '.join(job.nodes)}")
    shown = sorted({child for job in facts.values() for child in job.shown})
    return Check(True if shown else None, f"children that are shown: {', '.join(shown) or 'none'}")


def _reuse(facts: Facts) -> Check:
    job = facts[AGAIN]
    if job.nodes["prepare_node"].reused or job.any_reused:
        return Check(True, "prepare_node was reused")
    return Check(False if job.completed("prepare_node") else None, f"prepare_node {_state(job.nodes['prepare_node'])}")


_OF_SUBMIT: Mapping[str, Callable[[Facts], Check]] = {
    "job-accepted": _job_accepted,
    "upload": _upload,
    "model-output": _model_output,
    "serverless": _serverless,
}
_OF_JOBS: Mapping[str, Callable[[Facts], Check]] = {
    "environment-small": lambda facts: _environment(facts, STEPS, "prepare_node", "package_node"),
    "environment-tracking": lambda facts: _environment(facts, TRACKING, "tracking_node"),
    "environment-gpu": lambda facts: _environment(facts, GPU, "gpu_node"),
    "mldesigner-execute": _mldesigner,
    "model-as-folder": _model_as_folder,
    "output-download": _output_download,
    "node-names": _node_names,
    "reuse": _reuse,
}
