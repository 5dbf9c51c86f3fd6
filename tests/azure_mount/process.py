"""The mounting process: Azure ML's mount runs in it until it is unmounted or the process ends.

Usage: `process.py URI MOUNT_POINT read-only|read-write LOG_FOLDER`.
"""

import sys

import azureml.dataprep
from azureml.dataprep.rslex import PyMountOptions, RslexURIMountContext, init_environment


def main(uri: str, mount_point: str, mode: str, log_folder: str) -> None:
    """Mount `uri` at `mount_point`; return when it has been unmounted."""
    # The wheel raises exceptions that another package defines, and aborts if that package is missing.
    azureml.dataprep.__getattr__ = lambda _: RuntimeError
    credential = {"type": "AzureMLCredential"}  # a compute's managed identity
    init_environment(log_folder, None, "INFO", False, None, None, None, credential=credential)
    read_only = mode == "read-only"
    # In this order: size and folder of the cache, free space to keep, access for other users, read-only, permissions,
    # whether to make the folder in the container.
    options = PyMountOptions(None, None, None, False, read_only, 0o777, not read_only)
    RslexURIMountContext(mount_point, uri, options, True).start(True)


if __name__ == "__main__":
    main(*sys.argv[1:])
