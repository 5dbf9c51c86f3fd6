"""A user's component in a module of its own, which does not know this package."""

from mldesigner import Input, Output, command_component


@command_component(
    name="count_labels",
    version="7",
    display_name="Count Labels",
    environment={"image": "python:3.11", "conda_file": {"name": "mine", "dependencies": ["python=3.11"]}},
)
def count_labels_component(
    data: Input(type="uri_folder"),
    counts: Output(type="uri_folder"),
    summary: Output(type="uri_file"),
    name: str = "counts.txt",
):
    """Count the labels in a CSV.

    Each label has a line of its own.

    Args:
        data: Folder with CSV files.
        counts: Folder for the counts.
        summary: The number of labels.
        name: Of the file in `counts`.
    """
    from collections import Counter
    from pathlib import Path

    from words import separator

    labels = Counter(row.partition(",")[0] for csv in Path(data).glob("*.csv") for row in csv.read_text().splitlines())
    Path(counts, name).write_text("".join(f"{label}{separator}{labels[label]}\n" for label in sorted(labels)))
    Path(summary).write_text(f"{len(labels)}\n")
