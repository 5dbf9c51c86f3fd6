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

PREP: dict[str, Any] = {"image": _IMAGE, "conda_file": _FOLDER / "prep.yaml"}
KERAS: dict[str, Any] = {"image": _IMAGE, "conda_file": _FOLDER / "keras.yaml"}
KERAS_GPU: dict[str, Any] = {"image": _GPU_IMAGE, "conda_file": _FOLDER / "keras-gpu.yaml"}
