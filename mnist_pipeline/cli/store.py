"""Where the MLflow store is that a command looks into."""

import os
from pathlib import Path


def find_store(output_dir: Path) -> str | None:
    """Return the URI that MLFLOW_TRACKING_URI names, or that of the store in `output_dir`; None where there is none."""
    if named := os.environ.get("MLFLOW_TRACKING_URI"):
        return named
    from mnist_pipeline.runner import embedded_store

    return embedded_store(output_dir) if (output_dir / "mlflow.db").is_file() else None
