"""Azure ML's own mount of blob storage, on this machine, with Azurite as the storage. README.md explains how."""

from .mounting import Storage, missing, storage

__all__ = ["Storage", "missing", "storage"]
