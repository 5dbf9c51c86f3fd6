"""Check that a step can write an output of type mlflow_model, and can rename files in an output folder."""

from pathlib import Path

from .report import Report, arguments, expect

MODEL = "flavors:\n  python_function:\n    loader_module: none\n"  # enough for the next step to compare


def main() -> None:
    """Write a file to the model output, and rename files in the report's output."""
    options = arguments("model")
    report = Report(options.report)
    model = Path(options.model)
    report.check("model-output-folder", lambda: _write(model))
    report.check("output-rename", lambda: _rename(Path(options.report)))


def _write(model: Path) -> str:
    existed = model.exists()
    model.mkdir(parents=True, exist_ok=True)
    (model / "MLmodel").write_text(MODEL, encoding="utf-8")
    expect((model / "MLmodel").read_text(encoding="utf-8"), MODEL, "what was written")
    return f"the folder {'existed' if existed else 'was created by the step'}"


def _rename(folder: Path) -> str:
    """Replace a file as the steps do: write a temporary file next to it, then rename it over the file."""
    target, partial = folder / "renamed.txt", folder / ".renamed.txt.partial"
    for content in ("first", "second"):
        partial.write_text(content, encoding="utf-8")
        partial.replace(target)
        expect(target.read_text(encoding="utf-8"), content, "the renamed file")
    return "a file was renamed, and renamed over another"


if __name__ == "__main__":
    main()
