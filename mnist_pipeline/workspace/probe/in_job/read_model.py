"""Check that an output of type mlflow_model can be read as an input of type uri_folder."""

from pathlib import Path

from .report import Report, arguments, expect
from .write_model import MODEL


def main() -> None:
    """Read the file that the previous step wrote."""
    options = arguments("model")
    Report(options.report).check("model-as-folder", lambda: _read(Path(options.model)))


def _read(model: Path) -> str:
    expect((model / "MLmodel").read_text(encoding="utf-8"), MODEL, "the file MLmodel")
    return "the file MLmodel has the content that was written"


if __name__ == "__main__":
    main()
