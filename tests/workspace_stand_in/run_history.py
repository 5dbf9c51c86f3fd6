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
    match = _RUN.search(request.path)
    if request.method != "GET" or not match or match[1] not in jobs:
        return None
    name, part = match.groups()
    if part == "children":
        return json_answer({"value": jobs.children.get(name, [])})
    return json_answer(jobs.run(name))
