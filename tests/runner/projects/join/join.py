"""Puts two texts side by side: join.py FIRST SECOND OUTPUT."""

import sys
from pathlib import Path

first, second, output = map(Path, sys.argv[1:])
texts = [(path / "text.txt" if path.is_dir() else path).read_text().strip() for path in (first, second)]
(output / "text.txt").write_text(" | ".join(texts) + "\n")
