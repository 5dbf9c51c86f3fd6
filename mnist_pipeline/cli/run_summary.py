"""The summary of a run: text for people, a JSON document for programs."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.cli.json_output import to_json
from mnist_pipeline.errors import MnistPipelineError

if TYPE_CHECKING:
    from mnist_pipeline.runner import PipelineRun

_KEYS = (
    "status", "error", "name", "folder", "decision", "accuracy", "loss", "images", "model_name", "model_version",
    "is_champion", "checks", "outputs", "tracking_uri", "run_id", "nodes",
)  # fmt: skip


def registration_of(run: "PipelineRun") -> dict[str, Any]:
    """Return what the registering step of a completed run decided: the content of its `registration.json`."""
    content: dict[str, Any] = _read(run, "registration", "registration.json")
    return content


def summary_text(run: "PipelineRun") -> str:
    """Return the summary of a completed run. The commands in it can be pasted into a shell in this folder."""
    metrics, registration = _read(run, "result", "metrics.json"), registration_of(run)
    checks = ", ".join(
        f"{check['name']} {'passed' if check['passed'] else 'refused'} ({check['observed']:.4g}, required "
        f"{check['required']:.4g})"
        for check in registration["checks"]
    )
    version = registration["model_version"]
    model = f"{registration['model_name']} version {version}" if version else "none registered"
    if registration["is_champion"]:
        model += ", the champion"
    return f"""
accuracy  {metrics["accuracy"]:.4f} on {metrics["images"]} test images, loss {metrics["loss"]:.4f}
decision  {registration["decision"]}: {checks}
model     {model}

Confusion matrix  {_shown(run.outputs["result"] / "confusion_matrix.png")}
Worst mistakes    {_shown(run.outputs["result"] / "most_confident_mistakes.png")}
Run folder        {_shown(run.folder)}

To view the metrics, the pictures and the model:
  {_look_at(run.tracking_uri)}
To classify an image:
  {_command("mnist-pipeline")} predict {shlex.quote(_shown(run.outputs["model"]))} IMAGE.png"""


@contextmanager
def json_on_stdout() -> Iterator[dict[str, Any]]:
    """Yield an empty summary, and print it as JSON at the end, whether the body fails or not.

    Everything else that is printed in the body, by native code too, goes to standard error. An exception of the body
    becomes the summary's `error`, and goes on to the caller.
    """
    summary: dict[str, Any] = dict.fromkeys(_KEYS)
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield summary
    except KeyboardInterrupt:
        summary["status"] = "Canceled"
        raise
    except Exception as error:
        sentence = str(error) if isinstance(error, MnistPipelineError) else f"{type(error).__name__}: {error}"
        summary |= {"status": "Failed", "error": sentence}
        raise
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)
        click.echo(to_json(summary, indent=2))


def summary_of(run: "PipelineRun") -> dict[str, Any]:
    """Return the summary of a run for programs; what an incomplete run does not have is missing."""
    summary: dict[str, Any] = {
        "status": run.status,
        "name": run.name,
        "folder": run.folder,
        "outputs": dict(run.outputs),
        "tracking_uri": run.tracking_uri,
        "run_id": run.run_id,
        "nodes": {
            name: {
                "status": node.status,
                "duration": round(node.duration, 3),
                "error": node.error or None,
                "log": node.log_path,
                "run_id": node.run_id or None,
            }
            for name, node in run.nodes.items()
        },
    }
    if "result" in run.outputs:
        summary |= _selected(_read(run, "result", "metrics.json"), "accuracy", "loss", "images")
    if "registration" in run.outputs:
        summary |= _selected(registration_of(run), "decision", "model_name", "model_version", "is_champion", "checks")
    return summary


def _read(run: "PipelineRun", output: str, file: str) -> Any:
    return json.loads((run.outputs[output] / file).read_text(encoding="utf-8"))


def _selected(content: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: content[key] for key in keys}


def _look_at(tracking_uri: str) -> str:
    """Return the command that shows a store as a web page, or the address of a server, which has that page itself."""
    if tracking_uri.startswith(("http:", "https:", "azureml:", "databricks")):
        return tracking_uri
    return f"{_command('mlflow')} ui --backend-store-uri {shlex.quote(tracking_uri)}"


def _command(name: str) -> str:
    """Return the command as a person would type it here, with its folder if the environment is not activated."""
    return name if shutil.which(name) else shlex.quote(_shown(Path(sys.executable).with_name(name)))


def _shown(path: Path) -> str:
    """Return the path as a person would type it here; a command does not take it for an option."""
    if not path.is_relative_to(Path.cwd()):
        return str(path)
    shown = str(path.relative_to(Path.cwd()))
    return f"./{shown}" if shown.startswith("-") else shown
