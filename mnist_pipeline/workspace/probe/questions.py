"""The requests with which the probe checks assumptions that need no job of their own."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from mnist_pipeline.workspace.explanation import explain, status_of
from mnist_pipeline.workspace.probe.facts import Observation

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import PipelineJob

_TAKEN = (400, 409)


def send_again(client: "MLClient", job: "PipelineJob") -> Observation:
    """Send a job a second time, as a client does when the first answer was lost."""

    def send() -> str:
        client.jobs.create_or_update(job)
        return "Azure answered with the same job"

    def refused(error: Exception) -> str:
        client.jobs.get(job.name)
        return f"Azure refused it, and the job was found by its name ({explain(error)})"

    return _ask(send, refused, _TAKEN)


def take_name(client: "MLClient", other_job: "PipelineJob") -> Observation:
    """Send a job under the name of another job, which Azure must refuse."""

    def send() -> str:
        client.jobs.create_or_update(other_job)
        raise AssertionError("Azure accepted it as a change of the other job")

    return _ask(send, lambda error: f"Azure refused it ({explain(error)})", _TAKEN)


def name_missing_compute(client: "MLClient", job: "PipelineJob") -> Observation:
    """Send a job whose default compute does not exist, which Azure must refuse. If Azure accepts it, cancel it."""
    from mnist_pipeline.workspace.job.following import cancel

    def send() -> str:
        client.jobs.create_or_update(job)
        cancel(client, str(job.name))
        raise AssertionError("Azure accepted the job, and it was canceled")

    return _ask(send, lambda error: f"Azure refused it ({explain(error)})", (400, 404))


def look_for_missing_job(client: "MLClient") -> Observation:
    """Look for a job that does not exist. Azure must answer 404."""
    return _is_missing(lambda: client.jobs.get(_unused_name()))


def look_for_missing_data(client: "MLClient") -> Observation:
    """Look for a data asset that does not exist. Azure must answer 404."""
    return _is_missing(lambda: client.data.get(_unused_name(), "1"))


def _is_missing(look: Callable[[], object]) -> Observation:
    def found() -> str:
        look()
        raise AssertionError("Azure found something under an invented name")

    return _ask(found, lambda _: "Azure answered 404", (404,))


def _ask(ask: Callable[[], str], refused: Callable[[Exception], str], expected: tuple[int, ...]) -> Observation:
    """Call `ask`. The assumption also holds if Azure refuses with an expected status, but not with another one."""
    try:
        return Observation(True, ask())
    except AssertionError as error:
        return Observation(False, str(error))
    except Exception as error:
        sentence, status = explain(error), status_of(error)
        if sentence is None:
            raise
        if status in expected:
            return Observation(True, refused(error))
        unclear = status is None or not 400 <= status < 500
        return Observation(None if unclear else False, sentence)


def _unused_name() -> str:
    return f"mnist-pipeline-probe-none-{secrets.token_hex(4)}"
