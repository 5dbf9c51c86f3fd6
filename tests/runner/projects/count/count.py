"""Counts the words or lines of a folder's text.txt."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--text", type=Path)
parser.add_argument("--unit", choices=["words", "lines"])
parser.add_argument("--minimum", type=int, default=0)
parser.add_argument("--count", type=Path)
arguments = parser.parse_args()

text = (arguments.text / "text.txt").read_text()
count = len(text.split() if arguments.unit == "words" else text.splitlines())
print(f"{count} {arguments.unit}")
if count < arguments.minimum:
    raise SystemExit(f"only {count} {arguments.unit}, {arguments.minimum} are the least")
arguments.count.write_text(f"{count}\n")
