"""Check what MLflow can do in a job: log to the step's own run, and register models."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .registry import check_registry
from .report import Report, arguments, expect

if TYPE_CHECKING:
    from mlflow import MlflowClient

EVIDENCE = "accuracy 0.5\n"
MODEL = "flavors:\n  python_function:\n    loader_module: none\n"
_PARENT_TAGS = ("mlflow.rootRunId", "mlflow.parentRunId")


def main() -> None:
    """Log to the step's run everything that the package logs, then register versions from it."""
    import mlflow

    options = arguments("model-name")
    report = Report(options.report)
    given = os.environ.get("MLFLOW_RUN_ID", "none")  # start_run removes the variable

    def enter_run() -> str:
        expect(mlflow.start_run().info.run_id, given, "the run that start_run entered")
        return "start_run entered the job's own run"

    report.check("run-id", enter_run)
    run = mlflow.active_run()
    if run is None:
        return
    client, run_id = mlflow.MlflowClient(), run.info.run_id
    check_run(report, client, run_id)
    artifacts = client.get_run(run_id).info.artifact_uri
    if report.checks["artifacts"]["holds"]:
        report.fact("artifacts", artifacts)
    check_registry(report, client, options.model_name, run_id, f"{artifacts}/model")
    mlflow.end_run()


def check_run(report: Report, client: "MlflowClient", run_id: str) -> None:
    """Check everything that the package logs to the active run."""
    import mlflow

    def metric_names() -> str:
        mlflow.log_metrics({"Final test loss": 0.5, "Final test accuracy": 0.75})
        found = client.get_run(run_id).data.metrics
        expect([found.get("Final test loss"), found.get("Final test accuracy")], [0.5, 0.75], "the metrics")
        return "metrics with spaces in their names were logged and read back"

    def metric_steps() -> str:
        for step, value in enumerate((2.0, 1.0)):
            mlflow.log_metrics({"Loss": value}, step=step)
        history = {metric.step: metric.value for metric in client.get_metric_history(run_id, "Loss")}
        expect(history, {0: 2.0, 1: 1.0}, "the steps of a metric")
        return "each step of a metric was kept"

    def parameters() -> str:
        mlflow.log_params({"epochs": 10, "network": "small"})
        found = client.get_run(run_id).data.params
        expect([found.get("epochs"), found.get("network")], ["10", "small"], "the parameters")
        return "parameters were logged and read back"

    def lineage() -> str:
        tags = client.get_run(run_id).data.tags
        parent = next((tags[tag] for tag in _PARENT_TAGS if tag in tags), None)
        if parent is None:
            raise LookupError(f"the run has neither of the tags {' and '.join(_PARENT_TAGS)}")
        client.get_run(parent)
        return "the run names the pipeline's run, and that run can be read"

    report.check("metric-names", metric_names)
    report.check("metric-steps", metric_steps)
    report.check("parameters", parameters)
    report.check("figures", _log_figure)
    report.check("artifacts", _log_artifacts)
    report.check("lineage", lineage, after="run-id")


def _log_figure() -> str:
    import mlflow
    from matplotlib.figure import Figure

    mlflow.log_figure(Figure(figsize=(1, 1)), "probe.png")
    return "a figure was logged"


def _log_artifacts() -> str:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        model, evidence = Path(folder, "model"), Path(folder, "evidence.txt")
        model.mkdir()
        (model / "MLmodel").write_text(MODEL, encoding="utf-8")
        evidence.write_text(EVIDENCE, encoding="utf-8")
        mlflow.log_artifacts(str(model), "model")
        mlflow.log_artifact(str(evidence), "evidence")
    return "a folder and a file were logged"


if __name__ == "__main__":
    main()
