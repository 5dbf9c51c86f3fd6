"""A component that keeps equally many rows of each label. The module beside it travels with it."""

from pathlib import Path

from mldesigner import Input, Output, command_component


@command_component(
    name="balance_labels",
    version="1",
    display_name="Balance Labels",
    environment={
        "image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
        "conda_file": Path(__file__).with_name("balance.yaml"),
    },
)
def balance_component(
    data: Input(type="uri_folder"),
    balanced: Output(type="uri_folder"),
    at_most: Input(type="integer", min=1) = 1000,
):
    """Keep the first rows of each label, as many as the rarest label has, and at most `at_most`."""
    from label_counts import count_labels, label_of

    (csv,) = Path(data).glob("*.csv")
    rows = csv.read_text().splitlines(keepends=True)
    wanted = min(at_most, *count_labels(rows).values())
    kept: dict[str, list[str]] = {}
    for row in rows:
        of_label = kept.setdefault(label_of(row), [])
        if len(of_label) < wanted:
            of_label.append(row)
    Path(balanced, csv.name).write_text("".join(row for of_label in kept.values() for row in of_label))
