"""A program that runs a pipeline whose first node waits: interrupted.py OUTPUT_DIR MODE [stubborn]."""

import sys
from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.dsl import pipeline

from mnist_pipeline import run_locally
from mnist_pipeline.runner import subprocess_node

output_dir, mode, *manner = sys.argv[1:]
subprocess_node._GRACE_SECONDS = 1.0

wait = command(
    code=Path(__file__).parent / "wait",
    command=f"python wait.py ${{{{outputs.result}}}} {' '.join(manner)}",
    outputs={"result": Output(type="uri_folder")},
    environment="any:1",
).component
show = command(
    command="cat ${{inputs.text}}/half.txt", inputs={"text": Input(type="uri_folder")}, environment="any:1"
).component


@pipeline(experiment_name="interrupted")
def interrupted():
    first = wait()
    after = show(text=first.outputs.result)  # noqa: F841 - the name is the node's


run_locally(interrupted(), output_dir, mode=mode)
