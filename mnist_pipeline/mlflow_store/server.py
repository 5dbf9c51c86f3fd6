"""A tracking server that may not answer."""

import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mnist_pipeline.errors import StoreError
from mnist_pipeline.settings import NUMBER, Range, read_value

TIMEOUT = "MNIST_PIPELINE_TRACKING_TIMEOUT"  # environment variable: how long to wait for a server, in seconds
_DEFAULT_TIMEOUT = "30"
_QUESTION = "/api/2.0/mlflow/experiments/search"
_SILENT_SECONDS = 2.0  # then it is said what is waited for
_PAUSE_SECONDS = 0.5  # between two questions


def read_timeout(variables: Mapping[str, str]) -> float:
    """Return how long to wait for a tracking server, in seconds, as environment variables have it.

    Raises:
        SettingError: MNIST_PIPELINE_TRACKING_TIMEOUT is not a number from 0 on.
    """
    return float(read_value(TIMEOUT, variables.get(TIMEOUT) or _DEFAULT_TIMEOUT, Range(NUMBER, min=0)))


def wait_for(uri: str, timeout: float) -> None:
    """Ask a tracking server something until it answers.

    MLflow itself asks again for four minutes, and says nothing. Any answer counts but those that MLflow takes for a
    passing failure of the server (500 to 504). If no answer comes in two seconds, a line on standard error says so.

    Args:
        uri: The server's address.
        timeout: How long to wait, in seconds. The server is asked at least once.

    Raises:
        StoreError: there was no answer in time.
    """
    latest = time.monotonic() + timeout
    shown = re.sub(r"//[^/@]*@", "//", uri)  # without a password
    with _said_after(
        _SILENT_SECONDS, f"Waiting for MLflow at {shown}, at most {timeout:g} seconds ({TIMEOUT} changes that) ..."
    ):
        while (finding := _ask(uri, max(latest - time.monotonic(), 1))) is not None:
            if time.monotonic() + _PAUSE_SECONDS > latest:
                raise StoreError(
                    f"MLflow at {shown} {finding}, for {timeout:g} seconds; start the server, correct "
                    f"MLFLOW_TRACKING_URI, or wait longer with {TIMEOUT}."
                )
            time.sleep(_PAUSE_SECONDS)


def _ask(uri: str, timeout: float) -> str | None:
    """Ask a server once, with MLflow's credentials; return what was found if it gave no answer, otherwise None."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    try:
        response = http_request(  # type: ignore[no-untyped-call]  # MLflow declares no type
            get_default_host_creds(uri),  # type: ignore[no-untyped-call]  # MLflow declares no type
            _QUESTION,
            "POST",
            json={"max_results": 1},
            max_retries=0,
            timeout=timeout,
            raise_on_status=False,
        )
    except MlflowException as error:
        return f"does not answer ({_cause(error)})"
    return f"answers {response.status_code}" if 500 <= response.status_code <= 504 else None


def _cause(error: BaseException) -> str:
    """Return the innermost cause of an error: what the system or the network library found."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    strerror = getattr(error, "strerror", None)
    return str(strerror or error or type(error).__name__)


@contextmanager
def _said_after(seconds: float, line: str) -> Iterator[None]:
    """Print a line on standard error if the body takes longer than this."""
    timer = threading.Timer(seconds, lambda: print(line, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
