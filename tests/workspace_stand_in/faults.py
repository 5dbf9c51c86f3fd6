"""Faults on demand, on the way to Azure or in Azure."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from . import azurite, identity
from .message import Answer, Request, error_answer, service_error
from .proxy import Dropped

Answering = Callable[[Request], Answer]


@dataclass
class Fault:
    """A fault that happens to the next `times` requests with a matching method and URL.

    Attributes:
        method: GET, PUT, ...; empty for any.
        where: A part of the host and path, such as `/jobs/`. A blob's path may contain any word, so a fault applies to
            blobs only if it names the blob host.
        happens: Called with the request and the function that would otherwise answer it.
        times: How many more times it happens.
        seen: How many times it has happened.
    """

    method: str
    where: str
    happens: Callable[[Request, Answering], Answer]
    times: float = float("inf")
    seen: int = 0

    def fits(self, request: Request) -> bool:
        """Tell whether the fault applies to this request."""
        is_blob = request.host == azurite.HOST and azurite.HOST not in self.where
        right_method = self.method in ("", request.method)
        return self.times > 0 and right_method and not is_blob and self.where in request.host + request.path


@dataclass
class Faults:
    """The active faults. The first one that fits happens. `where` and `times` are as in `Fault`."""

    listed: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request, otherwise: Answering) -> Answer:
        """Let the first fault that fits happen, or answer as usual.

        Raises:
            Dropped: the connection ends without an answer.
        """
        with self._lock:
            fault = next((fault for fault in self.listed if fault.fits(request)), None)
            if fault:
                fault.times -= 1
                fault.seen += 1
        return fault.happens(request, otherwise) if fault else otherwise(request)

    def clear(self) -> None:
        """Remove all faults."""
        self.listed.clear()

    def status(self, method: str, where: str, status: int, times: float = float("inf"), **headers: str) -> Fault:
        """Answer with an HTTP status and Azure's message, without processing the request."""
        return self._add(method, where, lambda request, _: _refusal(request, status, headers), times)

    def throttle(self, method: str, where: str, seconds: float, times: float = 1) -> Fault:
        """Answer 429 and ask the client to wait some seconds."""
        return self.status(method, where, 429, times, **{"Retry-After": str(seconds)})

    def slow(self, method: str, where: str, seconds: float, times: float = float("inf")) -> Fault:
        """Answer correctly, but late."""

        def wait(request: Request, otherwise: Answering) -> Answer:
            time.sleep(seconds)
            return otherwise(request)

        return self._add(method, where, wait, times)

    def drop(self, method: str, where: str, times: float = float("inf")) -> Fault:
        """Break the connection before the request is processed."""

        def drop(*_: object) -> Answer:
            raise Dropped

        return self._add(method, where, drop, times)

    def lose_answer(self, method: str, where: str, times: float = 1) -> Fault:
        """Process the request, then break the connection instead of answering."""

        def lose(request: Request, otherwise: Answering) -> Answer:
            otherwise(request)
            raise Dropped

        return self._add(method, where, lose, times)

    def instead(self, method: str, where: str, happens: Callable[[Request, Answering], Answer]) -> Fault:
        """Let `happens` answer one request. It gets the request and the function that would otherwise answer it."""
        return self._add(method, where, happens, 1)

    def name_taken(self) -> Fault:
        """Refuse every job because its name is taken, even if only the SDK's own first attempt has taken it."""
        return self._add(
            "PUT", "/jobs/", lambda *_: service_error(400, "A job with this name already exists."), float("inf")
        )

    def expired_secret(self) -> Fault:
        """Let Entra answer that the client secret has expired."""
        return self._add("POST", "/oauth2/v2.0/token", lambda *_: identity.expired_secret(), float("inf"))

    def _add(self, method: str, where: str, happens: Callable[[Request, Answering], Answer], times: float) -> Fault:
        fault = Fault(method, where, happens, times)
        self.listed.append(fault)
        return fault


def _refusal(request: Request, status: int, headers: dict[str, str]) -> Answer:
    action = {"GET": "read", "DELETE": "delete"}.get(request.method, "write")
    code, message = {
        400: ("UserError", "The request is invalid."),
        401: ("InvalidAuthenticationToken", "The access token is invalid."),
        403: (
            "AuthorizationFailed",
            "The client '22222222' with object id '33333333' does not have authorization to perform action "
            f"'Microsoft.MachineLearningServices/workspaces/{action}' over scope '{request.path}' or the scope is "
            "invalid. If access was recently granted, please refresh your credentials.",
        ),
        404: ("ResourceNotFound", f"The Resource '{request.path}' was not found."),
        409: ("Conflict", "Another operation on this resource is in progress."),
        429: ("TooManyRequests", "The request is being throttled."),
    }.get(status, ("InternalServerError", "An internal server error occurred. Please try again later."))
    return error_answer(status, code, message, **headers)
