"""What the probe asks the workspace beside its jobs: questions whose answers the package relies on."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from mnist_pipeline.workspace.explanation import explain, status_of
from mnist_pipeline.workspace.probe.facts import Check

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import PipelineJob

_TAKEN = (400, 409)


def send_again(client: "MLClient", job: "PipelineJob") -> Check:
    """Send a job that the workspace has once more, as a client does that has not heard the first answer."""

    def send() -> str:
        client.jobs.create_or_update(job)
        return "it was answered as the same job"

    def refused(error: Exception) -> str:
        client.jobs.get(job.name)
        return f"it was refused, and the job was found by its name ({explain(error)})"

    return _ask(send, refused, _TAKEN)


def take_name(client: "MLClient", other_job: "PipelineJob") -> Check:
    """Send a job under the name of another one, which must be refused."""

    def send() -> str:
        client.jobs.create_or_update(other_job)
        raise AssertionError("the job of another was taken for changed")

    return _ask(send, lambda error: f"it was refused ({explain(error)})", _TAKEN)


def name_missing_compute(client: "MLClient", job: "PipelineJob") -> Check:
    """Send a job whose default compute does not exist, which must be refused; one that is accepted is canceled."""
    from mnist_pipeline.workspace.job.following import cancel

    def send() -> str:
        client.jobs.create_or_update(job)
        cancel(client, str(job.name))
        raise AssertionError("the job was accepted, and canceled")

    return _ask(send, lambda error: f"it was refused ({explain(error)})", (400, 404))


def look_for_missing_job(client: "MLClient") -> Check:
    """Look for a job that does not exist, which must be answered 404."""
    return _is_missing(lambda: client.jobs.get(_unused_name()))


def look_for_missing_data(client: "MLClient") -> Check:
    """Look for a data asset that does not exist, which must be answered 404."""
    return _is_missing(lambda: client.data.get(_unused_name(), "1"))


def _is_missing(look: Callable[[], object]) -> Check:
    def found() -> str:
        look()
        raise AssertionError("something was found under a name that was made up")

    return _ask(found, lambda _: "it was answered 404", (404,))


def _ask(ask: Callable[[], str], refused: Callable[[Exception], str], expected: tuple[int, ...]) -> Check:
    """Ask; a refusal with one of the expected statuses holds too, another one does not."""
    try:
        return Check(True, ask())
    except AssertionError as error:
        return Check(False, str(error))
    except Exception as error:
        sentence, status = explain(error), status_of(error)
        if sentence is None:
            raise
        if status in expected:
            return Check(True, refused(error))
        unclear = status is None or not 400 <= status < 500
        return Check(None if unclear else False, sentence)


def _unused_name() -> str:
    return f"mnist-pipeline-probe-none-{secrets.token_hex(4)}"
