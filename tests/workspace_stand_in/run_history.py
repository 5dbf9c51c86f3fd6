"""The run history behind the region's own host: how jobs and their children are doing."""

import re

from .job import Jobs
from .message import Answer, Request, json_answer

_RUN = re.compile(r"/history/v1\.0/.*/runs/([^/]+)(?:/(details|children))?$")


def discovery(host: str) -> Answer:
    """Where the region's services are; told to anybody."""
    return json_answer({"api": f"https://{host}", "history": f"https://{host}/history", "catalog": f"https://{host}"})


def answer(request: Request, jobs: Jobs) -> Answer | None:
    """Answer what the region's host is asked; None for what it cannot answer."""
    if request.method == "POST" and request.path.endswith("/rundata"):
        name = request.json["runId"]
        return json_answer({"runMetadata": jobs.run(name)}) if name in jobs else None
    if request.method == "POST" and request.path.endswith("/dataversion/batchGetResolvedUris"):
        return json_answer({"values": {uri: {"uri": uri, "type": "uri_folder"} for uri in request.json["values"]}})
    match = _RUN.search(request.path)
    if request.method != "GET" or not match:
        return None
    name, part = match.groups()
    if name not in jobs:
        child = jobs.child(name)
        return json_answer(child) if child and part == "details" else None
    if part == "children":
        return json_answer({"value": jobs.children[name]})
    jobs.asked(name, request.target)
    return json_answer(jobs.run(name))
