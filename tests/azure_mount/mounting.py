"""Mount folders of a container as Azure ML mounts a job's inputs and outputs."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from workspace_stand_in import Azurite
from workspace_stand_in.azurite import HOST

from .hosts import random_loopback_address, reachable

_PROCESS = Path(__file__).with_name("process.py")
_SECONDS = 60  # the longest wait for a mount, and for the last uploads after unmounting
_UNMOUNT, _LAZILY = (["umount"], ["-l"]) if os.geteuid() == 0 else (["fusermount", "-u"], ["-z"])


def missing() -> str | None:
    """Return what this machine lacks for a mount, as a sentence; None if it lacks nothing."""
    if find_spec("azureml.dataprep.rslex") is None:
        return "azureml-dataprep-rslex is not installed; the mount is tested on Linux only."
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse is missing, or this user may not use it; the mount needs FUSE."
    if os.geteuid() != 0 and shutil.which("fusermount") is None:
        return "this user needs fusermount to mount; install the Debian package fuse3."
    try:
        ctypes.CDLL("libnss_wrapper.so")
    except OSError:
        return "libnss_wrapper.so is missing; install the Debian package libnss-wrapper."
    try:
        socket.create_server((random_loopback_address(), 443)).close()
    except OSError as error:
        return f"this user cannot listen on port 443, where the mount looks for its storage ({error.strerror})."
    return None


@dataclass(frozen=True)
class Storage:
    """A container whose folders can be mounted.

    Attributes:
        azurite: Stores the container.
        container: The container's name.
        folder: The folder for mount points and logs.
        environment: The variables that lead the mounting process to Azurite.
    """

    azurite: Azurite
    container: str
    folder: Path
    environment: Mapping[str, str]

    def files(self, path: str) -> dict[str, bytes]:
        """Return the content of every blob below the folder `path`, by its name there, read without a mount.

        This omits the empty blobs with which the mount marks folders.
        """
        client = self.azurite.service().get_container_client(self.container)
        blobs = client.list_blobs(name_starts_with=f"{path}/", include=["metadata"])
        names = [blob.name for blob in blobs if "hdi_isfolder" not in (blob.metadata or {})]
        return {name.removeprefix(f"{path}/"): client.download_blob(name).readall() for name in names}

    def upload(self, folder: Path, path: str) -> None:
        """Upload the files of a local folder to the folder `path` of the container, without a mount."""
        files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        self.azurite.put(self.container, path, files)

    @contextmanager
    def read_only_mount(self, path: str) -> Iterator[Path]:
        """Mount the folder `path` of the container as a job's input is mounted; yield the mount point."""
        with self._mount(path, "read-only") as mount_point:
            yield mount_point

    @contextmanager
    def read_write_mount(self, path: str) -> Iterator[Path]:
        """Mount the folder `path` of the container as a job's output is mounted; yield the mount point.

        The folder is created if it is missing. After the body, everything that was written is uploaded.
        """
        with self._mount(path, "read-write") as mount_point:
            yield mount_point

    @contextmanager
    def _mount(self, path: str, mode: str) -> Iterator[Path]:
        number = len(list(self.folder.glob("mount-*")))
        mount_point = self.folder / f"mount-{number}"
        mount_point.mkdir()
        log_folder = self.folder / f"logs-{number}"
        log_folder.mkdir()
        uri = f"wasbs://{self.container}@{HOST}/{path}/"
        with (log_folder / "printed.txt").open("w") as printed:
            process = subprocess.Popen(
                [sys.executable, _PROCESS, uri, mount_point, mode, log_folder],
                stdout=printed,
                stderr=printed,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )
        try:
            _wait_for(mount_point, process, log_folder)
            yield mount_point
            subprocess.run([*_UNMOUNT, mount_point], check=True)
            assert process.wait(_SECONDS) == 0, (log_folder / "printed.txt").read_text()
        finally:
            if os.path.ismount(mount_point):
                subprocess.run([*_UNMOUNT, *_LAZILY, mount_point], check=False)
            process.kill()
            process.wait()


def _wait_for(mount_point: Path, process: subprocess.Popen, log_folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while not os.path.ismount(mount_point):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"not mounted: {(log_folder / 'printed.txt').read_text()}")
        time.sleep(0.02)


@contextmanager
def storage(azurite: Azurite, container: str, folder: Path) -> Iterator[Storage]:
    """Create a container if it does not exist. Its folders can be mounted while the body runs."""
    azurite.make_container(container)
    with reachable(azurite, folder) as environment:
        yield Storage(azurite, container, folder, environment)
