"""Fixtures of the runner's tests: a text, and a function that carries out nodes made by hand."""

import pytest

from mnist_pipeline.runner.run import carry_out

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

    def carry(*nodes, outputs=None, **settings):
        return carry_out(plan(*nodes, outputs=outputs), runs, **settings)

    return carry
