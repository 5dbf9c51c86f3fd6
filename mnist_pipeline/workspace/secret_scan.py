"""A search for secrets in files before they are uploaded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_SECRET_NAME = re.compile(r"(?i)secret|password|passwd|token|(api|access|account|private)_?key|connection_?string")
_SHORTEST = 8  # shorter values, such as 1 or true, are not secrets and appear everywhere


@dataclass(frozen=True)
class Finding:
    """A place that looks like a secret.

    Attributes:
        line: The line number, from 1; 0 if the file is not text.
        kind: The kind of secret, never the secret itself.
    """

    file: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.kind})"


def known_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the environment variables whose names say that they are secrets."""
    return tuple(value for name, value in environment.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST)


def redacted(text: str, known: Iterable[str]) -> str:
    """Return the text with stars in place of each known secret."""
    for secret in known:
        text = text.replace(secret, "***")
    return text


def find_secrets(files: Mapping[str, Path], known: Iterable[str] = ()) -> list[Finding]:
    """Return the places in files that look like secrets.

    Args:
        files: The files, by the names to report.
        known: Secrets of this machine, which are found in any file.
    """
    findings = {}
    for name, path in files.items():
        content = path.read_bytes()
        for line, kind in _look_like_secrets(path, content):
            findings[name, line] = Finding(name, line, kind)
        for secret_bytes in (secret.encode() for secret in known):
            if (position := content.find(secret_bytes)) >= 0:
                line = content.count(b"\n", 0, position) + 1
                findings[name, line] = Finding(name, line, "value of a secret variable")
    return list(findings.values())


@lru_cache(maxsize=1024)  # a notebook submits the same files many times, and each search takes a second
def _look_like_secrets(path: Path, content: bytes) -> tuple[tuple[int, str], ...]:  # noqa: ARG001 - part of the cache key
    """Return the line and the kind of each place in the file that looks like a secret; `content` is its content."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    with default_settings():
        return tuple((secret.line_number, secret.type) for secret in scan_file(str(path)))
