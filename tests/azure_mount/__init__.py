"""Azure ML's own mount of blob storage, on this machine, over Azurite. README.md says how it gets there."""

from .mounting import Storage, missing, storage

__all__ = ["Storage", "missing", "storage"]
