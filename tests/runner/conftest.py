"""What the runner's tests share: a text, and a way to carry out a plan made by hand."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mnist_pipeline.runner.mlflow_runs import embedded_store
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.run_folder import RunFolder
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

from .plans import plan


@pytest.fixture(autouse=True)
def _no_tracking_of_the_outside(monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory):
    """A folder with a text, and a space and an apostrophe in its name; to be read only."""
    folder = tmp_path_factory.mktemp("texts") / "Ada's texts"
    folder.mkdir()
    (folder / "text.txt").write_text("hello world\n")
    return folder


@pytest.fixture
def carry(runs):
    """A function that carries out nodes made by hand."""

    def carry(*nodes, run_node=run_in_subprocess, on_event=lambda _: None, outputs=None, workers=4):
        made = plan(*nodes, outputs=outputs)
        return carry_out(
            made,
            RunFolder(runs, made),
            embedded_store(runs),
            artifacts=runs / "mlartifacts",
            run_node=run_node,
            pool=ThreadPoolExecutor(workers),
            on_event=on_event,
        )

    return carry
