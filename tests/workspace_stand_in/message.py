"""What comes in and what goes out: plain data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REGION = "westeurope"


@dataclass(frozen=True)
class Request:
    """A request as it came through the proxy, already decrypted.

    Attributes:
        method: GET, PUT, ...
        host: The host that the client believes it talks to.
        target: Path and query as sent.
        headers: By lower-case name.
        body: As sent.
    """

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query, percent signs decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def url(self) -> str:
        """The whole address."""
        return f"https://{self.host}{self.target}"

    @property
    def query(self) -> dict[str, str]:
        """The first value of each name in the query."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        """The body, read as JSON; an empty body is an empty dictionary."""
        return json.loads(self.body or b"{}")

    def __str__(self) -> str:
        """Return what a list of requests is read for; without the query, which may hold a signature."""
        return f"{self.method} https://{self.host}{self.path}"


@dataclass(frozen=True)
class Answer:
    """What the client is told."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    """An answer with JSON in it."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})


def error_answer(status: int, code: str, message: str, **headers: str) -> Answer:
    """An error in the shape that the gateway in front of all services gives it."""
    return json_answer({"error": {"code": code, "message": message}}, status, **headers)


def service_error(status: int, message: str, *inner_codes: str, code: str = "UserError") -> Answer:
    """An error in the shape that the Azure ML service gives it.

    Args:
        status: The HTTP status.
        message: What went wrong.
        inner_codes: The nested codes that say it precisely, the outermost first.
        code: The outer code, which most errors share.
    """
    now = datetime.now(UTC).isoformat()
    said: dict[str, Any] = {
        "ComponentName": "managementfrontend",
        "Correlation": {"operation": "0" * 32, "request": "0" * 16},
        "Environment": REGION,
        "Location": REGION,
        "Time": now,
    }
    if inner_codes:
        said["InnerError"] = _nested(inner_codes)
    more = [{"type": name, "info": {"value": value}} for name, value in said.items()]
    return json_answer({"error": {"code": code, "message": message, "details": [], "additionalInfo": more}}, status)


def _nested(codes: tuple[str, ...]) -> dict[str, Any] | None:
    return {"code": codes[0], "innerError": _nested(codes[1:])} if codes else None
