"""Folders of a container, mounted as a job on Azure ML has its inputs and outputs."""

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

from .hosts import reachable, some_loopback_address

_PROCESS = Path(__file__).with_name("process.py")
_SECONDS = 60  # to mount, and to upload what is left after unmounting
_UNMOUNT, _LAZILY = (["umount"], ["-l"]) if os.geteuid() == 0 else (["fusermount", "-u"], ["-z"])


def missing() -> str | None:
    """What this machine lacks for a mount, as a sentence; None if it lacks nothing."""
    if find_spec("azureml.dataprep.rslex") is None:
        return "azureml-dataprep-rslex is not installed; the mount is tried out on Linux."
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse is missing or closed to this user; the mount needs FUSE."
    if os.geteuid() != 0 and shutil.which("fusermount") is None:
        return "this user needs fusermount to mount; install the Debian package fuse3."
    try:
        ctypes.CDLL("libnss_wrapper.so")
    except OSError:
        return "libnss_wrapper.so is missing; install the Debian package libnss-wrapper."
    try:
        socket.create_server((some_loopback_address(), 443)).close()
    except OSError as error:
        return f"this user cannot listen on port 443, where the mount looks for its storage ({error.strerror})."
    return None


@dataclass(frozen=True)
class Storage:
    """A container whose folders can be mounted.

    Attributes:
        azurite: Keeps the container.
        container: Its name.
        folder: For mount points and logs.
        environment: Leads the process that mounts to Azurite.
    """

    azurite: Azurite
    container: str
    folder: Path
    environment: Mapping[str, str]

    def files(self, path: str) -> dict[str, bytes]:
        """The content of every blob below the folder `path`, by its name below it, past all mounts.

        Blobs that mark a folder, of 0 bytes, are left out: the mount writes one per folder.
        """
        client = self.azurite.service().get_container_client(self.container)
        blobs = client.list_blobs(name_starts_with=f"{path}/", include=["metadata"])
        names = [blob.name for blob in blobs if "hdi_isfolder" not in (blob.metadata or {})]
        return {name.removeprefix(f"{path}/"): client.download_blob(name).readall() for name in names}

    def upload(self, folder: Path, path: str) -> None:
        """Put the files of a local folder into the folder `path` of the container, past all mounts."""
        files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        self.azurite.put(self.container, path, files)

    @contextmanager
    def read_only_mount(self, path: str) -> Iterator[Path]:
        """Mount the folder `path` of the container like a job's input; yield the mount point."""
        with self._mount(path, "read-only") as mount_point:
            yield mount_point

    @contextmanager
    def read_write_mount(self, path: str) -> Iterator[Path]:
        """Mount the folder `path` of the container, made if missing, like a job's output; yield the mount point.

        After the body all that was written is uploaded.
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
    """Make a container if there is none of this name; its folders can be mounted as long as the body lasts."""
    azurite.make_container(container)
    with reachable(azurite, folder) as environment:
        yield Storage(azurite, container, folder, environment)
