"""What comes in and what goes out: plain data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


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
    """An error in the shape that Azure gives it."""
    return json_answer({"error": {"code": code, "message": message}}, status, **headers)
