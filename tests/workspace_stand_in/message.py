"""Requests and answers, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REGION = "westeurope"


@dataclass(frozen=True)
class Request:
    """A decrypted request that came through the proxy.

    Attributes:
        method: GET, PUT, ...
        host: The host that the client thinks it talks to.
        target: The path and query, as sent.
        headers: The headers by their lower-case names.
        body: The body, as sent.
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
        """Return the method and address, without the query, which may hold a signature."""
        return f"{self.method} https://{self.host}{self.path}"


@dataclass(frozen=True)
class Answer:
    """An answer to a request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})


def error_answer(status: int, code: str, message: str, **headers: str) -> Answer:
    """Return an error in the form of the gateway in front of all services."""
    return json_answer({"error": {"code": code, "message": message}}, status, **headers)


def service_error(status: int, message: str, *inner_codes: str, code: str = "UserError") -> Answer:
    """Return an error in the form of the Azure ML service.

    Args:
        status: The HTTP status.
        message: What went wrong.
        inner_codes: The nested, more precise codes, the outermost first.
        code: The outer code, which is the same for most errors.
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
