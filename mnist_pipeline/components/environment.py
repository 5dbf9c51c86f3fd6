"""Where the steps run: a base image and a conda file for each kind of step, and the snapshot that they share."""

from pathlib import Path
from typing import Any

VERSION = "1"
SNAPSHOT = ".."  # relative to a component file: the package's folder; .amlignore there lists what is uploaded

_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
_FOLDER = Path(__file__).parent / "environments"

PREP: dict[str, Any] = {"image": _IMAGE, "conda_file": _FOLDER / "prep.yaml"}
KERAS: dict[str, Any] = {"image": _IMAGE, "conda_file": _FOLDER / "keras.yaml"}
REGISTER: dict[str, Any] = {"image": _IMAGE, "conda_file": _FOLDER / "register.yaml"}
