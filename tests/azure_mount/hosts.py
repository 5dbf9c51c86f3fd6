"""The hosts that the mount connects to, under their own names and port: blob storage and a compute's managed identity.

The mount uses no proxy and only port 443. So each host gets its own loopback address. A relay there forwards each
connection to the stand-in's proxy, which speaks TLS under the host's name.
"""

import random
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from azure.storage.blob import generate_account_sas
from workspace_stand_in import Azurite, Request
from workspace_stand_in.azurite import ACCOUNT, HOST, KEY
from workspace_stand_in.message import Answer, json_answer
from workspace_stand_in.proxy import Proxy

IDENTITY_HOST = "managed-identity.invalid"
TELEMETRY_HOST = "dc.services.visualstudio.com"  # the mount sends telemetry; here it cannot
SECRET = "an invented secret that a compute sends to its managed identity"
_TOKEN = "an invented token for blob storage"


@contextmanager
def reachable(azurite: Azurite, folder: Path) -> Iterator[dict[str, str]]:
    """Let a process reach both hosts while the body runs; yield the variables that lead it there."""
    signature = _signature()
    with Proxy(lambda request: _answer(request, azurite, signature), folder) as proxy, ExitStack() as relays:
        addresses = {host: relays.enter_context(_relay(host, proxy)) for host in (HOST, IDENTITY_HOST)}
        names = folder / "hosts"
        known = {**addresses, TELEMETRY_HOST: random_loopback_address()}
        names.write_text("".join(f"{address} {host}\n" for host, address in known.items()))
        yield {
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_HOSTS": str(names),
            "SSL_CERT_FILE": str(proxy.authority_file),
            "MSI_ENDPOINT": f"https://{IDENTITY_HOST}/token",
            "MSI_SECRET": SECRET,
            "NO_PROXY": "*",
        }


def _answer(request: Request, azurite: Azurite, signature: str) -> Answer:
    """Issue tokens. Forward requests to Azurite, which knows no tokens, with a signature in place of the token."""
    if request.host == IDENTITY_HOST:
        return _token(request)
    headers = dict(request.headers)
    if headers.pop("authorization", "") == f"Bearer {_TOKEN}":
        joint = "&" if "?" in request.target else "?"
        request = replace(request, headers=headers, target=f"{request.target}{joint}{signature}")
    return azurite.forward(request)


def _token(request: Request) -> Answer:
    if request.headers.get("secret") != SECRET:
        return json_answer({"message": "the header `secret` is wrong"}, 401)
    resource = parse_qs(urlsplit(request.target).query)["resource"][0]
    expires = str(int(time.time()) + 3600)
    return json_answer({"access_token": _TOKEN, "expires_on": expires, "resource": resource, "token_type": "Bearer"})


def _signature() -> str:
    permissions = "rwdlac"  # read, write, delete, list, add, create: like a Storage Blob Data Contributor
    return generate_account_sas(ACCOUNT, KEY, "sco", permissions, datetime.now(UTC) + timedelta(days=1))


@contextmanager
def _relay(host: str, proxy: Proxy) -> Iterator[str]:
    """Forward every connection to a loopback address through the proxy to `host`; yield the address."""
    server = _Relay((random_loopback_address(), 443), host, proxy.url)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[0]
    finally:
        server.shutdown()
        server.server_close()


def random_loopback_address() -> str:
    """Return one of Linux's sixteen million loopback addresses, at random, so that tests do not collide."""
    return ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], host: str, proxy_url: str):
        super().__init__(address, _Connection)
        self.host = host
        self.proxy = (urlsplit(proxy_url).hostname, urlsplit(proxy_url).port)

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients often close the connection here."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Relay

    def handle(self) -> None:
        """Connect to the host through the proxy, and copy the bytes in both directions."""
        with socket.create_connection(self.server.proxy) as there, there.makefile("rb") as answers:
            there.sendall(f"CONNECT {self.server.host}:443 HTTP/1.1\r\n\r\n".encode())
            while answers.readline().strip():
                pass
            threading.Thread(target=_copy, args=(answers, self.connection), daemon=True).start()
            _copy(self.rfile, there)


def _copy(source, target: socket.socket) -> None:
    with suppress(OSError, ValueError):  # the other direction has closed the socket or the stream
        while block := source.read1(1 << 16):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
