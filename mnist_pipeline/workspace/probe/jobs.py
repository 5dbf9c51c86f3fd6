"""The probe's jobs: the smallest pipelines that check the assumptions."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_pipeline.workspace.placement import SERVERLESS, Placement, assign_computes
from mnist_pipeline.workspace.probe.parts import Parts

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

STEPS, MODEL, TRACKING, AGAIN, SERVERLESS_JOB, GPU = "steps", "model", "tracking", "again", "serverless", "gpu"
ASKED = "asked"  # not a job: a request to the workspace checks the assumption
EXPERIMENT = "mnist-pipeline-probe"


@dataclass(frozen=True)
class ProbeJob:
    """A job of the probe.

    Attributes:
        name: Its name among the probe's jobs.
        make: Makes the job from the folder of the snapshot.
        minutes: About how long it takes, including the build of the images that it is the first to use.
        what: What it checks, in a few words.
        nodes: For each node, the pipeline output that holds its report; empty if the node writes none.
        compute: The name of the compute that runs it.
    """

    name: str
    make: Callable[[Path], "PipelineJob"]
    minutes: int
    what: str
    nodes: Mapping[str, str]
    compute: str


def new_model_name() -> str:
    """Return a unique name for the model that the probe registers."""
    return f"{EXPERIMENT}-{secrets.token_hex(4)}"


def models_of(model_name: str) -> tuple[str, str]:
    """Return the names of all models that the probe registers. The second model is registered twice at once."""
    return model_name, f"{model_name}-at-once"


def jobs_of(
    parts: Parts, model_name: str, compute: str, *, serverless: bool, gpu_compute: str | None
) -> list[ProbeJob]:
    """Return the jobs in the order in which they are submitted.

    Args:
        parts: What the jobs are made of.
        model_name: The name of the model that the probe registers and deletes again.
        compute: The compute's name.
        serverless: Whether to check serverless compute too.
        gpu_compute: The name of a compute with a GPU, to check the GPU environment; None to skip that.
    """
    steps_nodes = {"prepare_node": "", "package_node": "package_report"}
    jobs = [
        ProbeJob(STEPS, lambda code: _steps(parts, code), 15, "a component and the import trick", steps_nodes, compute),
        ProbeJob(
            MODEL,
            lambda code: _model(parts, code),
            5,
            "an output of type mlflow_model",
            {"write_node": "write_report", "read_node": "read_report"},
            compute,
        ),
        ProbeJob(
            TRACKING,
            lambda code: _tracking(parts, code, model_name),
            20,
            "MLflow and the model registry",
            {"tracking_node": "tracking_report", "other_node": "other_report"},
            compute,
        ),
        ProbeJob(
            AGAIN,
            lambda code: _steps(parts, code),
            2,
            "the first job again, to see whether Azure reuses it",
            steps_nodes,
            compute,
        ),
    ]
    if serverless:
        jobs.append(
            ProbeJob(
                SERVERLESS_JOB,
                lambda _: _serverless(parts),
                10,
                "a component on serverless compute",
                {"prepare_node": ""},
                SERVERLESS,
            )
        )
    if gpu_compute is not None:
        jobs.append(
            ProbeJob(GPU, lambda code: _gpu(parts, code), 25, "the GPU image", {"gpu_node": "gpu_report"}, gpu_compute)
        )
    return jobs


def make(job: ProbeJob, code: Path) -> "PipelineJob":
    """Make the pipeline job and set its compute."""
    from azure.ai.ml.entities import PipelineJobSettings

    made = job.make(code)
    made.experiment_name = EXPERIMENT
    made.display_name = f"{EXPERIMENT}-{job.name}"
    made.settings = PipelineJobSettings(
        continue_on_step_failure=True,  # one step's failure says nothing about the others
        force_rerun=job.name != AGAIN,  # a reused step checks nothing
    )
    assign_computes(made, Placement(job.compute), {})
    return made


def _data(parts: Parts) -> Any:
    from azure.ai.ml import Input

    return Input(type="uri_folder", path=str(parts.data))


def _step(code: Path, module: str, environment: Mapping[str, Any], outputs: Mapping[str, str], **inputs: Any) -> Any:
    """Make a component that runs a module of `in_job`, with an option `--name` for each input and output."""
    from azure.ai.ml import Output, command
    from azure.ai.ml.entities import Environment

    options = [f"--{name.replace('_', '-')} ${{{{inputs.{name}}}}}" for name in inputs]
    options += [f"--{name.replace('_', '-')} ${{{{outputs.{name}}}}}" for name in outputs]
    return command(
        name=f"probe_{module}",
        code=str(code),
        command=f"python -m in_job.{module} {' '.join(options)}",
        inputs=inputs,
        outputs={name: Output(type=type_) for name, type_ in outputs.items()},
        environment=Environment(**environment),
    ).component


_REPORT = {"report": "uri_folder"}


def _steps(parts: Parts, code: Path) -> "PipelineJob":
    from azure.ai.ml.dsl import pipeline

    package = _step(code, "package", parts.small, _REPORT)

    @pipeline
    def steps(data):  # type: ignore[no-untyped-def]  # the SDK would read annotations as declarations
        prepare_node = parts.component(input_data=data)  # noqa: F841 - the SDK takes the node's name from here
        package_node = package()
        return {"package_report": package_node.outputs.report}

    return steps(_data(parts))


def _model(parts: Parts, code: Path) -> "PipelineJob":
    from azure.ai.ml import Input
    from azure.ai.ml.dsl import pipeline

    write = _step(code, "write_model", parts.small, {**_REPORT, "model": "mlflow_model"})
    read = _step(code, "read_model", parts.small, _REPORT, model=Input(type="uri_folder"))

    @pipeline
    def model() -> dict[str, Any]:
        write_node = write()
        read_node = read(model=write_node.outputs.model)
        return {
            "model": write_node.outputs.model,
            "write_report": write_node.outputs.report,
            "read_report": read_node.outputs.report,
        }

    return model()


def _tracking(parts: Parts, code: Path, model_name: str) -> "PipelineJob":
    from azure.ai.ml import Input
    from azure.ai.ml.dsl import pipeline

    track = _step(code, "tracking", parts.tracking, _REPORT, model_name=Input(type="string"))
    other = _step(
        code, "other_run", parts.tracking, _REPORT, earlier=Input(type="uri_folder"), model_name=Input(type="string")
    )

    @pipeline
    def tracking() -> dict[str, Any]:
        tracking_node = track(model_name=model_name)
        other_node = other(earlier=tracking_node.outputs.report, model_name=model_name)
        return {"tracking_report": tracking_node.outputs.report, "other_report": other_node.outputs.report}

    return tracking()


def _serverless(parts: Parts) -> "PipelineJob":
    from azure.ai.ml.dsl import pipeline

    @pipeline
    def serverless(data):  # type: ignore[no-untyped-def]
        prepare_node = parts.component(input_data=data)  # noqa: F841

    return serverless(_data(parts))


def _gpu(parts: Parts, code: Path) -> "PipelineJob":
    from azure.ai.ml.dsl import pipeline

    compute = _step(code, "gpu", parts.gpu, _REPORT)

    @pipeline
    def gpu() -> dict[str, Any]:
        gpu_node = compute()
        return {"gpu_report": gpu_node.outputs.report}

    return gpu()
