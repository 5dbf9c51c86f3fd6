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
        if not _is_known(name, jobs):
            return None
        return json_answer({"runMetadata": {**jobs.run(name), "outputs": jobs.files.outputs(name)}})
    if resolved := jobs.files.answer(request):
        return resolved
    match = _RUN.search(request.path)
    if request.method != "GET" or not match or not _is_known(match[1], jobs):
        return None
    name, part = match.groups()
    if part == "children":
        return json_answer({"value": jobs.children.get(name, [])})
    if name in jobs:
        jobs.asked(name, request.target)
    if part == "details":
        return json_answer({**jobs.run(name), "logFiles": jobs.files.log_files(name)})
    return json_answer(jobs.run(name))


def _is_known(run: str, jobs: Jobs) -> bool:
    return run in jobs or jobs.child(run) is not None
