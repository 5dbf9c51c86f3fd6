"""A tracking server that does not answer, or answers late."""

import http.server
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from mnist_pipeline.cli.main import cli
from mnist_pipeline.errors import SettingError, StoreError
from mnist_pipeline.mlflow_store import make_ready, read_timeout
from mnist_pipeline.mnist.registry.model_versions import model_versions


@contextmanager
def answering(*statuses):
    """Yield the address of a server that gives one answer after the other, and the last one again and again."""
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture
def silent():
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def seconds_of(body):
    started = time.monotonic()
    body()
    return time.monotonic() - started


def refuse(uri, finding):
    with pytest.raises(StoreError, match=finding):
        make_ready(uri, 4)


def test_nobody_who_listens(closed, capsys):
    finding = (
        rf"MLflow at {closed} does not answer \(Connection refused\), for 4 seconds; start the server, correct "
        r"MLFLOW_TRACKING_URI, or wait longer with MNIST_PIPELINE_TRACKING_TIMEOUT\."
    )

    assert seconds_of(lambda: refuse(closed, finding)) < 8
    assert capsys.readouterr().err == (
        f"Waiting for MLflow at {closed}, at most 4 seconds (MNIST_PIPELINE_TRACKING_TIMEOUT changes that) ...\n"
    )


def test_a_server_that_says_nothing(silent, capsys):
    assert seconds_of(lambda: refuse(silent, r"does not answer \(.*timed out\), for 4 seconds")) < 8
    assert capsys.readouterr().err.startswith(f"Waiting for MLflow at {silent}, at most 4 seconds")


def test_a_server_that_fails():
    with answering(500) as uri:
        assert seconds_of(lambda: refuse(uri, f"MLflow at {uri} answers 500, for 4 seconds")) < 8


def test_a_host_that_does_not_exist():
    refuse("http://nobody.invalid", r"MLflow at http://nobody.invalid does not answer \(.+\)")


def test_a_password_is_not_shown(closed, capsys):
    with pytest.raises(StoreError) as refused:
        make_ready(closed.replace("//", "//ada:SECRET@"), 3)

    assert "SECRET" not in f"{refused.value}{capsys.readouterr()}"


@pytest.mark.parametrize("status", [200, 401, 403, 404, 429])
def test_a_server_that_answers_anything_else_is_left_to_mlflow_at_once(status, capsys):
    with answering(status) as uri:
        make_ready(uri, 0)

    assert capsys.readouterr().err == ""


def test_a_server_that_is_just_starting_is_waited_for():
    with answering(503, 502, 200) as uri:
        make_ready(uri, 30)


def test_ctrl_c_ends_the_waiting(silent):
    program = f"from mnist_pipeline.mlflow_store import make_ready; make_ready({silent!r}, 300)"
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline().startswith("Waiting for MLflow")
    process.send_signal(signal.SIGINT)

    _, errors = process.communicate(timeout=60)

    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize(("text", "seconds"), [(None, 30), ("", 30), ("2.5", 2.5), ("0", 0)])
def test_the_time_is_a_setting(text, seconds):
    assert read_timeout({} if text is None else {"MNIST_PIPELINE_TRACKING_TIMEOUT": text}) == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_a_time_that_is_none_is_refused(text):
    with pytest.raises(SettingError, match=f"MNIST_PIPELINE_TRACKING_TIMEOUT is '?{text}.* a number of at least 0"):
        read_timeout({"MNIST_PIPELINE_TRACKING_TIMEOUT": text})


@pytest.mark.parametrize("arguments", [["models", "list"], ["predict", "models:/digits@champion", __file__]])
def test_commands_say_so(arguments, closed, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed)
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING_TIMEOUT", "0")

    result = CliRunner().invoke(cli, arguments)

    assert isinstance(result.exception, StoreError)
    assert "does not answer (Connection refused), for 0 seconds" in str(result.exception)


def test_the_table_of_versions_says_so(closed, monkeypatch):
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING_TIMEOUT", "0")

    with pytest.raises(StoreError, match="does not answer"):
        model_versions("digits", closed)
