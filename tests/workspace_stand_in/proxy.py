"""A proxy that also plays every host behind it: it answers CONNECT and then speaks TLS under the requested name."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from .message import Answer, Request


class Dropped(Exception):  # noqa: N818 - not an error: the connection ends here, without an answer
    """Close the connection without an answer."""


class Proxy:
    """Listens on loopback during the `with` block and hands every request to `answer`."""

    def __init__(self, answer: Callable[[Request], Answer], folder: Path):
        """Make a certificate authority and write its certificate to `folder`, for clients to trust."""
        self._authority = trustme.CA()
        self.authority_file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.authority_file)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.answer = answer
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def context(self, host: str) -> ssl.SSLContext:
        """Return the TLS settings of `host`, with a certificate of our authority."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    proxy: Proxy

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients often close the connection here."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    host = ""

    def do_CONNECT(self) -> None:
        """Continue under TLS as the requested host."""
        self.host = self.path.rsplit(":", 1)[0]
        self.send_response(200)
        self.end_headers()
        self.request = self.server.proxy.context(self.host).wrap_socket(self.request, server_side=True)
        self.setup()
        self.close_connection = False

    def _forward(self) -> None:
        if not self.host:
            self.send_error(400, "This proxy forwards HTTPS only.")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.server.proxy.answer(Request(self.command, self.host, self.path, headers, body))
        except Dropped:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204 and "content-length" not in map(str.lower, answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _forward  # noqa: N815 - http.server's spelling

    def finish(self) -> None:
        """Close the TLS connection too; the server only knows the connection below it."""
        with contextlib.suppress(OSError):
            super().finish()
            self.request.close()

    def log_message(self, *_: object) -> None:
        """Print nothing; the stand-in keeps all requests."""
