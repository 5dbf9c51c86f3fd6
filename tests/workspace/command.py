"""`mnist-pipeline azure ...` in this process: as a person types it, judged by exit code and output."""

import json
from dataclasses import dataclass

import pytest

from mnist_pipeline.cli import main


@dataclass(frozen=True)
class Finished:
    """What a command left on the screen."""

    code: int
    output: str
    error: str

    def assert_one_sentence(self, *parts):
        """A failure that a person understands: exit code 1, one line that holds the parts."""
        assert self.code == 1, self
        assert self.error.startswith("Error: "), self
        assert self.error.count("\n") == 1, self
        for part in parts:
            assert part in self.error


@pytest.fixture
def typed(capsys, monkeypatch):
    """A function that runs `mnist-pipeline azure` with the arguments, wherever the process is."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["mnist-pipeline", "azure", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main.main()
        printed = capsys.readouterr()
        return Finished(end.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def impatient(monkeypatch):
    """The SDK's retries without the waiting between them."""
    monkeypatch.setattr("azure.core.pipeline.policies.RetryPolicy.sleep", lambda *_, **__: None)


@pytest.fixture
def azure(stand_in, azure_environment, tmp_path, monkeypatch, impatient, typed):  # noqa: ARG001 - they set things up
    """`typed` in a folder with the config.json of the stand-in."""
    (tmp_path / "config.json").write_text(json.dumps(stand_in.config))
    monkeypatch.chdir(tmp_path)
    return typed
