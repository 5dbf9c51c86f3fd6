"""Functions that take one capability away from a stand-in, by the name of the check that must then fail."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from workspace_stand_in import Request, StandIn
from workspace_stand_in.faults import Answering, Fault
from workspace_stand_in.message import Answer, error_answer, json_answer

_MLFLOW = "/api/2.0/mlflow"
_ARTIFACTS = "/artifacts"


def refuse(method: str, where: str, only: Callable[[Request], bool] = lambda _: True) -> Callable[[StandIn], None]:
    """Refuse requests with a method and a part of the address; `only` may select some of them."""

    def answer(request: Request, otherwise: Answering) -> Answer:
        return error_answer(400, "UserError", "This is not supported.") if only(request) else otherwise(request)

    return lambda stand_in: stand_in.faults.listed.append(Fault(method, where, answer))


def forbid_sending_again(stand_in: StandIn) -> None:
    """Refuse a job that is sent again, instead of answering with the existing job."""

    def answer(request: Request, otherwise: Answering) -> Answer:
        answered = otherwise(request)
        again = answered.status == 200
        return error_answer(403, "AuthorizationFailed", "A job may be sent once.") if again else answered

    stand_in.faults.listed.append(Fault("PUT", "/jobs/probe-model-", answer))


def take_any_name(stand_in: StandIn) -> None:
    """Accept a job under the name of another job."""

    def answer(request: Request, otherwise: Answering) -> Answer:
        answered = otherwise(request)
        name = request.path.rsplit("/", 1)[1]
        return json_answer(stand_in.jobs[name]) if answered.status == 400 and name in stand_in.jobs else answered

    stand_in.faults.listed.append(Fault("PUT", "/jobs/probe-model-", answer))


def accept_any_compute(stand_in: StandIn) -> None:
    """Accept a job whose compute does not exist."""

    def answer(request: Request, otherwise: Answering) -> Answer:
        return otherwise(replace(request, body=request.body.replace(b"mnist-pipeline-no-such-compute", b"cpu-cluster")))

    stand_in.faults.listed.append(Fault("PUT", "/jobs/probe-nowhere-", answer))


def forbid_other_runs(stand_in: StandIn) -> None:
    """Forbid reading the pipeline's own run, the one without a parent."""

    def answer(request: Request, otherwise: Answering) -> Answer:
        answered = otherwise(request)
        tags = json.loads(answered.body)["run"]["data"].get("tags", [])
        allowed = any(tag["key"] == "mlflow.parentRunId" for tag in tags)
        return answered if allowed else error_answer(403, "Forbidden", "This identity may not read the run.")

    stand_in.faults.listed.append(Fault("GET", f"{_MLFLOW}/runs/get", answer))


def one_registration_at_a_time(stand_in: StandIn) -> None:
    """Refuse to make a version while another one is being made, which takes half a second."""
    busy = threading.Lock()

    def answer(request: Request, otherwise: Answering) -> Answer:
        if not busy.acquire(blocking=False):
            return error_answer(409, "Conflict", "Another operation on this resource is in progress.")
        try:
            time.sleep(0.5)
            return otherwise(request)
        finally:
            busy.release()

    stand_in.faults.listed.append(Fault("POST", f"{_MLFLOW}/model-versions/create", answer))


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.target).query)


def _logs_metric_with_space(request: Request) -> bool:
    return any(" " in metric["key"] for metric in request.json.get("metrics", []))


def _logs_parameters(request: Request) -> bool:
    return bool(request.json.get("params"))


def _makes_artifact(part: str) -> Callable[[Request], bool]:
    return lambda request: any(part in entry["path"] for entry in request.json["paths"])


TAKEN_AWAY: Mapping[str, Callable[[StandIn], None]] = {
    "job-accepted": refuse("PUT", "/jobs/"),
    "job-sent-again": forbid_sending_again,
    "name-taken": take_any_name,
    "compute-missing": accept_any_compute,
    "job-missing": refuse("GET", "/jobs/mnist-pipeline-probe-none-"),
    "data-missing": refuse("GET", "/data/mnist-pipeline-probe-none-"),
    "upload": refuse("POST", "/listSecrets"),
    "model-output": refuse("PUT", "/jobs/probe-model-"),
    "serverless": refuse("PUT", "/jobs/probe-serverless-"),
    "metric-names": refuse("POST", f"{_MLFLOW}/runs/log-batch", _logs_metric_with_space),
    "metric-steps": refuse("GET", f"{_MLFLOW}/metrics/get-history"),
    "parameters": refuse("POST", f"{_MLFLOW}/runs/log-batch", _logs_parameters),
    "figures": refuse("POST", f"{_ARTIFACTS}/batch/metadata", _makes_artifact(".png")),
    "artifacts": refuse("POST", f"{_ARTIFACTS}/batch/metadata", _makes_artifact("model/")),
    "lineage": forbid_other_runs,
    "version-from-artifacts": refuse("POST", f"{_MLFLOW}/model-versions/create"),
    "version-facts": refuse(
        "POST", f"{_MLFLOW}/model-versions/create", lambda request: len(request.json.get("tags", [])) > 50
    ),
    "version-tag-later": refuse("POST", f"{_MLFLOW}/model-versions/set-tag"),
    "search-versions": refuse("GET", f"{_MLFLOW}/model-versions/search", lambda request: "filter" in _query(request)),
    "list-models": refuse("GET", f"{_MLFLOW}/model-versions/search", lambda request: "filter" not in _query(request)),
    "aliases": refuse("POST", f"{_MLFLOW}/registered-models/alias"),
    "registrations-at-once": one_registration_at_a_time,
    "other-run-artifacts": refuse(
        "GET", f"{_ARTIFACTS}/contentinfo", lambda request: "evidence" in request.query.get("path", "")
    ),
    "version-download": refuse("GET", f"{_MLFLOW}/model-versions/get-download-uri"),
    "delete-version": refuse("DELETE", f"{_MLFLOW}/model-versions/delete"),
}
IN_EXECUTION = (  # what Execution itself takes away
    "environment-small",
    "environment-tracking",
    "import-trick",
    "mldesigner-execute",
    "model-output-folder",
    "model-as-folder",
    "output-rename",
    "output-download",
    "model-output-download",
    "node-names",
    "reuse",
    "run-id",
)
