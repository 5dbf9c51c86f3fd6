"""Predictions as text, as CSV or as JSON, one image after the other."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import click

from mnist_pipeline.cli.json_output import to_json

if TYPE_CHECKING:
    from mnist_pipeline.mnist.model.prediction import Prediction

Format = Literal["text", "csv", "json"]
FORMATS: tuple[Format, ...] = ("text", "csv", "json")


def formatted(predictions: "Iterable[Prediction]", form: Format, top: int) -> Iterator[str]:
    """Yield the text of predictions piece by piece, so that the number of images is not limited by memory.

    Args:
        predictions: The predictions.
        form: `text` is one line per image. `csv` has a header and one row per image: its path, then label, class and
            probability of the most probable class, then the same of the next. `json` is a list of objects.
        top: How many classes of each image to write; at most as many as the model knows.
    """
    return _WRITERS[form](predictions, top)


def _text(predictions: "Iterable[Prediction]", top: int) -> Iterator[str]:
    for prediction in predictions:
        first, *others = (f"{one.name} {one.probability:.1%}" for one in prediction.ranking[:top])
        also = f"  ({', '.join(others)})" if others else ""
        yield f"{_path(prediction)}: {first}{also}\n"


def _csv(predictions: "Iterable[Prediction]", top: int) -> Iterator[str]:
    ends = ["", *(f"_{rank}" for rank in range(2, top + 1))]
    yield _row(["image", *(f"{name}{end}" for end in ends for name in ("label", "class", "probability"))])
    for prediction in predictions:
        cells = [(one.label, one.name, _rounded(one.probability)) for one in prediction.ranking[:top]]
        yield _row([_path(prediction), *(value for cell in cells for value in cell)])


def _row(values: list[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _json(predictions: "Iterable[Prediction]", top: int) -> Iterator[str]:
    opening = "[\n"
    for prediction in predictions:
        classes = [
            {"label": one.label, "class": one.name, "probability": _rounded(one.probability)}
            for one in prediction.ranking[:top]
        ]
        yield opening + to_json({"image": _path(prediction), "classes": classes})
        opening = ",\n"
    yield "\n]\n"


def _path(prediction: "Prediction") -> str:
    """Return the path as it can be printed, even if the name of the file is not valid text."""
    return click.format_filename(prediction.path)


def _rounded(probability: float) -> float:
    """Round to what a float32 network can tell."""
    return round(probability, 6)


_WRITERS: Mapping[Format, Callable[["Iterable[Prediction]", int], Iterator[str]]] = {
    "text": _text,
    "csv": _csv,
    "json": _json,
}
