"""All errors that this package raises on purpose, in one tree. Each message is one sentence.

MnistPipelineError
├── DataError            input data that cannot be used
│   ├── IdxError         an IDX file
│   ├── CsvError         a label-first CSV
│   └── ImageError       a PNG or JPEG image
├── ModelError           a folder that should hold a model
├── MetricsError         scoring results that are missing, unreadable or inconsistent
├── RegistryError        a model registry that refused a request or cannot be reached
├── SettingError         a hyperparameter or option that is out of its range
├── OutputError          a path that cannot be written to
├── DownloadError        a named data set that could not be downloaded
├── PlanError            a pipeline job that cannot run on this machine
├── RunError             a run that did not complete, or cannot be read
│   └── StoreError       an MLflow store or server that cannot be used (a RegistryError too)
└── WorkspaceError       an Azure ML workspace that is not configured, cannot be reached or refused a request, or whose
                         job did not complete
"""

import sys
from types import TracebackType

__all__ = [
    "CsvError",
    "DataError",
    "DownloadError",
    "IdxError",
    "ImageError",
    "MetricsError",
    "MnistPipelineError",
    "ModelError",
    "OutputError",
    "PlanError",
    "RegistryError",
    "RunError",
    "SettingError",
    "StoreError",
    "WorkspaceError",
]


class MnistPipelineError(Exception):
    """The parent of every error that this package raises on purpose."""


class DataError(MnistPipelineError):
    """Input data that cannot be used."""


class IdxError(DataError):
    """An IDX file is missing, malformed, or does not fit its partner."""


class CsvError(DataError):
    """A label-first CSV is missing, ambiguous or malformed."""


class ImageError(DataError):
    """An image file cannot be read, or has the wrong size."""


class ModelError(MnistPipelineError):
    """A folder that should hold a model does not, or the model cannot be used."""


class MetricsError(MnistPipelineError):
    """Scoring results are missing, unreadable or inconsistent."""


class RegistryError(MnistPipelineError):
    """The model registry cannot be reached, or it refused a request."""


class SettingError(MnistPipelineError):
    """A hyperparameter or option is out of its range."""


class OutputError(MnistPipelineError):
    """A path cannot be written to."""


class DownloadError(MnistPipelineError):
    """A named data set could not be downloaded."""


class PlanError(MnistPipelineError):
    """A pipeline job cannot run on this machine."""


class RunError(MnistPipelineError):
    """A run did not complete, or cannot be read."""


class StoreError(RunError, RegistryError):
    """An MLflow store or server cannot be used: neither runs nor models can be recorded or read."""


class WorkspaceError(MnistPipelineError):
    """A workspace is not configured, cannot be reached or refused a request, or its job did not complete."""


def exit_with_one_sentence(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Report an uncaught error in a job: the package's own as one sentence, all others with their traceback.

    For `sys.excepthook`.
    """
    if isinstance(error, MnistPipelineError):
        print(f"{kind.__name__}: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)
