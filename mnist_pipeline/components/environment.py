"""Where the steps run: a base image and a conda file for each kind of step."""

from pathlib import Path
from typing import Any

VERSION = "1"
SNAPSHOT = ".."  # relative to a component file: the package's folder, of which both_ways takes what the step imports

_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20260715.v1"
_GPU_IMAGE = (
    "mcr.microsoft.com/azureml/openmpi5.0-cuda12.4-ubuntu22.04:20260715.v1"  # containers of it are given the GPU
)
_FOLDER = Path(__file__).parent / "environments"


def _environment(image: str, conda_file: str) -> Any:
    """Return an environment; in a job, which has no conda files, a name that mldesigner does not look up."""
    file = _FOLDER / conda_file
    return {"image": image, "conda_file": file} if file.exists() else "azureml:of-this-job"


PREP = _environment(_IMAGE, "prep.yaml")
KERAS = _environment(_IMAGE, "keras.yaml")
KERAS_GPU = _environment(_GPU_IMAGE, "keras-gpu.yaml")
