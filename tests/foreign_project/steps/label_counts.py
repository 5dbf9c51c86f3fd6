"""Counts the labels of a label-first CSV."""

from collections import Counter
from collections.abc import Iterable


def label_of(row: str) -> str:
    """Return the label of a row."""
    return row.partition(",")[0]


def count_labels(rows: Iterable[str]) -> Counter[str]:
    """Return the number of rows of each label."""
    return Counter(label_of(row) for row in rows)
