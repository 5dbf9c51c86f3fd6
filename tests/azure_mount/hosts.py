"""The hosts that the mount asks, at their own names and port: blob storage, and a compute's managed identity.

The mount uses no proxy and no port but 443. So each host gets a loopback address of its own, where a relay leads each
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
TELEMETRY_HOST = "dc.services.visualstudio.com"  # the mount reports what it does; from here it does not get there
SECRET = "the secret that a compute shows to its managed identity; it opens nothing"
_TOKEN = "a token for blob storage, made up"


@contextmanager
def reachable(azurite: Azurite, folder: Path) -> Iterator[dict[str, str]]:
    """Let a process reach both hosts as long as the body lasts; yield the variables that lead it there."""
    signature = _signature()
    with Proxy(lambda request: _answer(request, azurite, signature), folder) as proxy, ExitStack() as relays:
        addresses = {host: relays.enter_context(_relay(host, proxy)) for host in (HOST, IDENTITY_HOST)}
        names = folder / "hosts"
        known = {**addresses, TELEMETRY_HOST: some_loopback_address()}
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
    """Hand out tokens, and let whoever shows one at Azurite, which knows no tokens, under a signature instead."""
    if request.host == IDENTITY_HOST:
        return _token(request)
    headers = dict(request.headers)
    if headers.pop("authorization", "") == f"Bearer {_TOKEN}":
        joint = "&" if "?" in request.target else "?"
        request = replace(request, headers=headers, target=f"{request.target}{joint}{signature}")
    return azurite.forward(request)


def _token(request: Request) -> Answer:
    if request.headers.get("secret") != SECRET:
        return json_answer({"message": "the header `secret` is not that of this compute"}, 401)
    resource = parse_qs(urlsplit(request.target).query)["resource"][0]
    expires = str(int(time.time()) + 3600)
    return json_answer({"access_token": _TOKEN, "expires_on": expires, "resource": resource, "token_type": "Bearer"})


def _signature() -> str:
    permissions = "rwdlac"  # read, write, delete, list, add, create: a Storage Blob Data Contributor's
    return generate_account_sas(ACCOUNT, KEY, "sco", permissions, datetime.now(UTC) + timedelta(days=1))


@contextmanager
def _relay(host: str, proxy: Proxy) -> Iterator[str]:
    """Lead every connection to a loopback address through the proxy to `host`; yield the address."""
    server = _Relay((some_loopback_address(), 443), host, proxy.url)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[0]
    finally:
        server.shutdown()
        server.server_close()


def some_loopback_address() -> str:
    """One of Linux's sixteen million loopback addresses, at random, so that tests do not meet."""
    return ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], host: str, proxy_url: str):
        super().__init__(address, _Connection)
        self.host = host
        self.proxy = (urlsplit(proxy_url).hostname, urlsplit(proxy_url).port)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hangs up is everyday life here."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Relay

    def handle(self) -> None:
        """Ask the proxy for the host, and pass on what either side says."""
        with socket.create_connection(self.server.proxy) as there, there.makefile("rb") as answers:
            there.sendall(f"CONNECT {self.server.host}:443 HTTP/1.1\r\n\r\n".encode())
            while answers.readline().strip():
                pass
            threading.Thread(target=_copy, args=(answers, self.connection), daemon=True).start()
            _copy(self.rfile, there)


def _copy(source, target: socket.socket) -> None:
    with suppress(OSError, ValueError):  # closed by the other direction, as a socket or as a stream
        while block := source.read1(1 << 16):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
