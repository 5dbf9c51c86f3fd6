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

Those of the steps stand in `mnist_pipeline.mnist.errors`, because a job's snapshot holds no more than the steps.
"""

from mnist_pipeline.mnist.errors import (
    CsvError,
    DataError,
    IdxError,
    ImageError,
    MetricsError,
    MnistPipelineError,
    ModelError,
    OutputError,
    RegistryError,
    SettingError,
)

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


class DownloadError(MnistPipelineError):
    """A named data set could not be fetched."""


class PlanError(MnistPipelineError):
    """A pipeline job cannot be carried out on this machine."""


class RunError(MnistPipelineError):
    """A run did not complete."""


class WorkspaceError(MnistPipelineError):
    """An Azure ML workspace is not configured, out of reach, refused a request, or ended a job badly."""
