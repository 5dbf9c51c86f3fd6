"""A proxy before an MLflow server that answers 404 where Azure ML's tracking server does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

ALIASES = re.compile(r"/registered-models/alias\b")
_UNKNOWN_ON_AZURE = re.compile(r"/logged-models\b|/(ajax-)?api/3\.0/")  # azure-sdk-for-python issue 44896
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass
class TrackingProxy:
    """Where the proxy is and what came its way: `METHOD path` without the query.

    Attributes:
        url: The tracking URI to give to a client.
        forwarded: What the server behind answered, whatever it said.
        refused: What was answered with 404 here.
    """

    url: str = ""
    forwarded: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def tracking_proxy(server_url: str, lacks: re.Pattern[str] | None = None) -> Iterator[TrackingProxy]:
    """Stand before the MLflow server at `server_url` as long as the body lasts; what `lacks` matches is unknown too."""
    seen = TrackingProxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body leave together: the body is not held back until the headers are acknowledged

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = f"{self.command} {urlsplit(self.path).path}"
            if _UNKNOWN_ON_AZURE.search(self.path) or (lacks and lacks.search(self.path)):
                seen.refused.append(request)
                return self.answer(404, {"Content-Type": "text/plain"}, b"not found")
            seen.forwarded.append(request)
            connection = HTTPConnection(urlsplit(server_url).netloc, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                return self.answer(response.status, dict(response.getheaders()), response.read())
            finally:
                connection.close()

        def answer(self, status, headers, body):
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815 - the base class looks for these names

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        seen.url = f"http://127.0.0.1:{proxy.server_port}"
        Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield seen
        finally:
            proxy.shutdown()
