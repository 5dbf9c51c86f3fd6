"""Every error that this package raises on purpose: one tree, one sentence each.

MnistPipelineError
├── DataError            input data that cannot be used
│   ├── IdxError         an IDX file
│   ├── CsvError         a label-first CSV
│   └── ImageError       a PNG or JPEG image
├── ModelError           a folder that should hold a model
├── MetricsError         scoring results that are missing or make no sense
├── RegistryError        the model registry refused or is out of reach
├── SettingError         a hyperparameter or option out of its range
├── OutputError          a path that cannot be written to
├── DownloadError        a named data set that could not be fetched
├── PlanError            a pipeline job that cannot run on this machine
├── RunError             a run that did not complete
└── WorkspaceError       an Azure ML workspace that is not configured, refused a request, or ended a job badly
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
    """Scoring results are missing, unreadable or make no sense."""


class RegistryError(MnistPipelineError):
    """The model registry cannot be reached or refused a request."""


class SettingError(MnistPipelineError):
    """A hyperparameter or option is out of its range."""


class OutputError(MnistPipelineError):
    """A path cannot be written to."""


class DownloadError(MnistPipelineError):
    """A named data set could not be fetched."""


class PlanError(MnistPipelineError):
    """A pipeline job cannot be carried out on this machine."""


class RunError(MnistPipelineError):
    """A run did not complete."""


class WorkspaceError(MnistPipelineError):
    """An Azure ML workspace is not configured, out of reach, refused a request, or ended a job badly."""


def exit_with_one_sentence(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Report an uncaught error in a job: the package's own as one sentence, all others with their traceback.

    Has the signature of `sys.excepthook`, as which it serves.
    """
    if isinstance(error, MnistPipelineError):
        print(f"{kind.__name__}: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)
