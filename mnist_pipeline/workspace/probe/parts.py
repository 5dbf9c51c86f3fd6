"""The parts that the probe's jobs are made of. The caller of the probe provides them."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_pipeline.sdk import code_of

_IN_JOB = Path(__file__).with_name("in_job")


@dataclass(frozen=True)
class Parts:
    """The parts that the jobs are made of.

    Attributes:
        component: The package's smallest component, as `@command_component` returns it: a call with `input_data` makes
            a node, and its attribute `component` is the component to register.
        data: A folder with data for the component.
        small: The component's environment, as keyword arguments of `Environment`.
        tracking: An environment with MLflow and Matplotlib.
        gpu: An environment with TensorFlow for a GPU.
    """

    component: Any
    data: Path
    small: Mapping[str, Any]
    tracking: Mapping[str, Any]
    gpu: Mapping[str, Any]


@contextmanager
def snapshot(parts: Parts) -> Iterator[Path]:
    """Yield a folder with the package's own snapshot and the modules that the probe's steps run."""
    with tempfile.TemporaryDirectory(prefix="mnist-pipeline-probe-") as folder:
        with code_of(parts.component.component) as code:
            assert code is not None  # the package's components have code
            files = {Path(name): path for name, path in code.files.items()}
            files |= {Path("in_job", path.name): path for path in _IN_JOB.glob("*.py")}
            for name, path in files.items():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        yield Path(folder)
