"""The recorded answers of the service, as data: one row per kind of request, in `recorded/*.yaml`.

The shape of a body is written as follows. A mapping names every recorded field: `name?` is a field that may be missing,
`*` is any name. `[shape]` is a list whose items have that shape. A string is one of

- `text`, `number`, `flag`, `map`, `list`, `null`, `empty list`, `anything`, or two of them joined by ` or `;
- `is X`, the text X; `like X`, a text that matches the regular expression X;
- `$name`, a shape of shapes.yaml; `nothing`, an answer without a body.

A field that is not named was never recorded, so an answer must not have it.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from . import azurite, identity, workspace
from .message import Answer, Request

RECORDED = Path(__file__).with_name("recorded")

_HOSTS = {
    "management": workspace.HOST,
    "region": workspace.API_HOST,
    "login": identity.HOST,
    "blob": azurite.HOST,
}
_WORKSPACE = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
_TYPES = {"text": "string", "number": "number", "flag": "boolean", "map": "object", "list": "array", "null": "null"}


@dataclass(frozen=True)
class Case:
    """One answer to a kind of request.

    Attributes:
        when: The situation in which the service gives this answer.
        status: The HTTP status.
        headers: The headers that the answer must have.
        body: The shape of the body.
        inner_code: The innermost code of an error.
        recording: The name of the recording with this answer, in recordings.yaml.
        api_version: The API version in that recording.
        public: The address of an issue or page that shows the answer, if there is no recording.
        assumed: What is assumed without evidence.
        note: Anything else a reader should know.
    """

    when: str
    status: int
    body: Any
    headers: tuple[str, ...] = ()
    inner_code: str = ""
    recording: str = ""
    api_version: str = ""
    public: str = ""
    assumed: str = ""
    note: str = ""

    def fault(self, answer: Answer) -> str | None:
        """Return how an answer differs from this case; None if it does not."""
        if answer.status != self.status:
            return f"status {answer.status} instead of {self.status}"
        given = {name.lower() for name in answer.headers}
        if missing := [name for name in self.headers if name.lower() not in given]:
            return f"no header {', '.join(missing)}"
        if self.body == "nothing":
            return f"a body: {answer.body[:80]!r}" if answer.body else None
        if self.body == "anything":
            return None
        body = json.loads(answer.body)
        error = jsonschema.exceptions.best_match(
            jsonschema.Draft202012Validator(schema_of(self.body)).iter_errors(body)
        )
        if error is not None:
            return f"{error.json_path}: {error.message[:200]}"
        if self.inner_code and _innermost(body) != self.inner_code:
            return f"inner code {_innermost(body)} instead of {self.inner_code}"
        return None


@dataclass(frozen=True)
class Kind:
    """A kind of request.

    Attributes:
        request: What the request asks for.
        used_by: The commands that send it.
        method: GET, PUT, ...
        host: management, region, login or blob.
        path: A template of the path.
        cases: The possible answers.
        sent: The API version that today's SDK sends; empty if the host has none.
        query: A name that the query must have, or, after a minus sign, must not have.
    """

    request: str
    used_by: tuple[str, ...]
    method: str
    host: str
    path: str
    cases: tuple[Case, ...]
    sent: str = ""
    query: str = ""

    def fits(self, request: Request) -> bool:
        """Tell whether a request is of this kind."""
        if (request.method, request.host) != (self.method, _HOSTS[self.host]):
            return False
        name = self.query.removeprefix("-")
        if name and (name in request.query) == self.query.startswith("-"):
            return False
        return re.fullmatch(_pattern(self.path), request.path) is not None


@cache
def kinds() -> tuple[Kind, ...]:
    """Return all rows. If several rows match a request, the first one counts."""
    files = (RECORDED / f"{name}.yaml" for name in ("identity", "workspace", "assets", "jobs", "run_history", "blobs"))
    return tuple(_read(row) for file in files for row in yaml.safe_load(file.read_text()))


def kind_of(request: Request) -> Kind | None:
    """Return the kind of a request; None if there is no row for it."""
    return next((kind for kind in kinds() if kind.fits(request)), None)


@cache
def recordings() -> dict[str, dict[str, Any]]:
    """Return the file, commit and date of each recording, by the recording's name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((RECORDED / "recordings.yaml").read_text())
    return found


def schema_of(shape: Any) -> dict[str, Any]:
    """Return a shape as JSON Schema."""
    if isinstance(shape, list):
        return {"type": "array", "items": schema_of(shape[0]), "minItems": 1}
    if isinstance(shape, dict):
        named = {name.removesuffix("?"): schema_of(one) for name, one in shape.items() if name != "*"}
        required = [name for name in shape if name != "*" and not name.endswith("?")]
        others = schema_of(shape["*"]) if "*" in shape else False
        return {"type": "object", "properties": named, "required": required, "additionalProperties": others}
    word, _, rest = shape.partition(" ")
    if word == "is":
        return {"const": rest}
    if word == "like":
        return {"type": "string", "pattern": rest}
    if " or " in shape:
        return {"anyOf": [schema_of(one) for one in shape.split(" or ")]}
    if shape.startswith("$"):
        return schema_of(_shapes()[shape[1:]])
    if shape == "empty list":
        return {"type": "array", "maxItems": 0}
    return {} if shape == "anything" else {"type": _TYPES[shape]}


@cache
def _shapes() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((RECORDED / "shapes.yaml").read_text())
    return found


def _read(row: dict[str, Any]) -> Kind:
    cases = tuple(Case(**{**case, "headers": tuple(case.get("headers", ()))}) for case in row["answers"])
    plain = {name: value for name, value in row.items() if name != "answers"}
    return Kind(**{**plain, "used_by": tuple(row["used_by"])}, cases=cases)


def _pattern(template: str) -> str:
    parts = re.split(r"(\{\+?\w+\})", template)
    fits = {"{workspace}": _WORKSPACE, "{+path}": ".+"}
    return "".join(fits.get(part, "[^/]+") if part.startswith("{") else re.escape(part) for part in parts)


def _innermost(body: dict[str, Any]) -> str:
    said = {one["type"]: one["info"]["value"] for one in body["error"].get("additionalInfo", ())}
    code, inner = "", said.get("InnerError")
    while inner:
        code, inner = inner["code"], inner["innerError"]
    return code
