"""The run history behind the region's host: the states of jobs and their children, and their outputs."""

import re

from .job import Jobs, details_of
from .message import REGION, Answer, Request, json_answer, service_error

_RUN = re.compile(r"/history/v1\.0/.*/runs/([^/]+)(?:/(details|children))?$")


def discovery(host: str) -> Answer:
    """Return the addresses of the region's services. This needs no sign-in."""
    experiments = f"https://{REGION}.experiments.azureml.net"
    return json_answer(
        {
            "api": f"https://{host}",
            "catalog": "https://catalog.cortanaanalytics.com",
            "experimentation": experiments,
            "gallery": "https://gallery.cortanaintelligence.com/project",
            "history": experiments,
            "hyperdrive": experiments,
            "labeling": experiments,
            "modelmanagement": f"https://{REGION}.modelmanagement.azureml.net",
            "pipelines": f"https://{REGION}.aether.ms",
            "studio": "https://ml.azure.com",
        }
    )


def answer(request: Request, jobs: Jobs) -> Answer | None:
    """Answer a request for the region's host; None if there is no answer."""
    if request.method == "POST" and request.path.endswith("/batchGetResolvedUris"):
        return _resolve(request, jobs)
    is_data = request.method == "POST" and request.path.endswith("/rundata")
    match = _RUN.search(request.path)
    if not is_data and (match is None or request.method != "GET"):
        return None
    name, part = (request.json["runId"], "data") if is_data or match is None else match.groups()
    try:
        run = jobs.run(name)
    except KeyError:
        return service_error(404, f"Run {name} was not found", "NotFound")
    if part == "data":
        metadata = {**run, "inputs": {}, "outputs": jobs.files.typed(name, jobs.typed_outputs(name))}
        return json_answer({"runMetadata": metadata, "jobSpecification": None, "systemSettings": None})
    if part == "children":
        return json_answer({"value": jobs.children.get(name, [])})
    if name in jobs:
        jobs.asked(name, request.target)
        run = jobs.run(name)
    if part == "details":
        return json_answer({**details_of(run), "logFiles": jobs.files.log_files(name)})
    return json_answer(run)


def _resolve(request: Request, jobs: Jobs) -> Answer:
    found = {asset_id: jobs.resolved(asset_id) for asset_id in request.json["values"]}
    known = {asset_id: uri for asset_id, uri in found.items() if uri}
    if request.path.endswith("/models/batchGetResolvedUris"):
        return json_answer({"values": {asset_id: {"path": uri, "type": "Uri"} for asset_id, uri in known.items()}})
    kind = {"type": "UriFolder", "legacyDatasetType": None}
    return json_answer({"values": {asset_id: {"uri": uri, **kind} for asset_id, uri in known.items()}})
