"""`python -m tests.workspace_stand_in.requests_page` writes docs/azure-requests.md from the recorded data."""

from collections.abc import Iterator
from pathlib import Path

from .recordings import Case, Kind, kinds, recordings

PAGE = Path(__file__).parents[2] / "docs/azure-requests.md"

_REPOSITORY = "https://github.com/Azure/azure-sdk-for-python/blob/{commit}/sdk/ml/azure-ai-ml/tests/recordings/{file}"
_HOSTS = {"management": "", "region": "region: ", "login": "login: ", "blob": "blob: "}

_TOP = """\
# Requests to Azure, and the evidence for its answers

The table lists every kind of request that the `azure` commands and the SDK send, and each answer that the package or
its tests rely on. The evidence for an answer is a recording of a live workspace, which Microsoft made for the SDK's own
tests. If there is no recording, the evidence is a public issue or Microsoft's documentation, or there is none.

The tests check their stand-in for a workspace against these rows. They send every request through the unmodified SDK
and fail if a request has no row, if an answer has a field, a type, a status or an error code that is not recorded, if a
row was never used, or if the SDK sends another API version. The rows are data in `tests/workspace_stand_in/recorded/`.
`python -m tests.workspace_stand_in.requests_page` writes this page from them, and a test checks that it is current.

| request | answer | evidence | API recorded | API sent today |
|---|---|---|---|---|
"""

_UNCONFIRMED = """
## What no recording confirms when a job is submitted

Submitting a job sends the requests below, and no recording shows these answers. One assumption concerns all requests:
that the service still answers today's API versions as it answered the recorded ones. The newest recorded version for a
job is 2023-04-01-preview.

"""

_RECORDINGS = """
## The recordings

They are in [Azure/azure-sdk-for-python](https://github.com/Azure/azure-sdk-for-python), below
`sdk/ml/azure-ai-ml/tests/recordings`. The dates are those of the recorded answers.

| name | date | file |
|---|---|---|
"""


def page() -> str:
    """Return the text of the page, in Markdown."""
    rows = (_row(kind, case) for kind in kinds() for case in kind.cases)
    return "".join([_TOP, *rows, _UNCONFIRMED, *_unconfirmed(), _RECORDINGS, *_recordings()])


def _row(kind: Kind, case: Case) -> str:
    request = ""
    if case is kind.cases[0]:
        place = _HOSTS[kind.host] + kind.path.replace("{+path}", "{path}")
        query = f"?{kind.query}" if kind.query and not kind.query.startswith("-") else ""
        request = f"**{kind.request}**<br>`{kind.method} {place}{query}`<br>{', '.join(kind.used_by)}"
    code = f" (`{case.inner_code}`)" if case.inner_code else ""
    return f"| {request} | {case.status}: {case.when}{code} | {_evidence(case)} | {case.api_version} | {kind.sent} |\n"


def _evidence(case: Case) -> str:
    parts = [case.public or "none"]
    if case.recording:
        parts = [f"[{case.recording}], {recordings()[case.recording]['date']}"]
        parts += [f"assumed: {case.assumed}"] if case.assumed else []
    return "; ".join([*parts, *([case.note] if case.note else [])])


def _unconfirmed() -> Iterator[str]:
    for kind in kinds():
        for case in kind.cases if "submit" in kind.used_by else ():
            if case.assumed:
                yield f"- {kind.request}: {case.assumed}\n"
            elif not case.recording:
                yield f"- {kind.request}: {case.status} if {case.when} (evidence: {case.public})\n"


def _recordings() -> Iterator[str]:
    for name, recording in recordings().items():
        yield f"| [{name}] | {recording['date']} | `{recording['file']}` |\n"
    yield "\n"
    for name, recording in recordings().items():
        address = _REPOSITORY.format(**recording).replace("[", "%5B").replace("]", "%5D")
        yield f"[{name}]: {address}\n"


if __name__ == "__main__":
    PAGE.write_text(page())
