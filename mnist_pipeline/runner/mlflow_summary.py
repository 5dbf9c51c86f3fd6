"""What the nodes of a pipeline run logged to MLflow, gathered in the pipeline's own run."""

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

_Logged = TypeVar("_Logged")


def summarize(client: MlflowClient, run_id: str, node_runs: Mapping[str, str]) -> None:
    """Copy to the pipeline's run the last value of each metric, the parameters and the datasets of the nodes' runs.

    So MLflow's table of runs, which shows a pipeline's run alone until somebody unfolds it, has them. A name that only
    one node logged stays as it is. If several nodes logged it, each gets its node's name in front: `<node>/<name>`.

    Args:
        client: Of the store or server that has the runs.
        run_id: The pipeline's run.
        node_runs: The run of each node by the node's name.
    """
    runs = {node: client.get_run(node_run) for node, node_run in node_runs.items()}
    params = _together({node: run.data.params for node, run in runs.items()})
    metrics = _together(
        {node: {name: _last(client, run.info.run_id, name) for name in run.data.metrics} for node, run in runs.items()}
    )
    params_to_log = [Param(name, value) for name, value in params.items()]  # type: ignore[no-untyped-call]  # MLflow's
    metrics_to_log = [Metric(name, last.value, last.timestamp, last.step) for name, last in metrics.items()]
    for start in range(0, len(params_to_log), MAX_PARAMS_TAGS_PER_BATCH):
        client.log_batch(run_id, params=params_to_log[start : start + MAX_PARAMS_TAGS_PER_BATCH])
    for start in range(0, len(metrics_to_log), MAX_METRICS_PER_BATCH):
        client.log_batch(run_id, metrics=metrics_to_log[start : start + MAX_METRICS_PER_BATCH])
    for run in runs.values():
        if run.inputs.dataset_inputs:  # Azure ML has none, and refuses the call
            client.log_inputs(run_id, run.inputs.dataset_inputs)


def _together(logged: Mapping[str, Mapping[str, _Logged]]) -> dict[str, _Logged]:
    """Return what the nodes logged under names that differ from each other."""
    nodes_with = Counter(name for values in logged.values() for name in values)
    return {
        name if nodes_with[name] == 1 else f"{node}/{name}": value
        for node, values in logged.items()
        for name, value in values.items()
    }


def _last(client: MlflowClient, run_id: str, name: str) -> Metric:
    return max(client.get_metric_history(run_id, name), key=lambda metric: (metric.step, metric.timestamp))
