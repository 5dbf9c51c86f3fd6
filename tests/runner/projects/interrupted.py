"""A program that runs a pipeline whose first node waits: interrupted.py OUTPUT_DIR MODE [stubborn].

A stubborn node ignores SIGTERM, and the runner kills it after a second.
"""

import sys
from functools import partial
from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.dsl import pipeline

from mnist_pipeline import run_locally
from mnist_pipeline.runner.read_plan import read_plan
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

output_dir, mode, *manner = sys.argv[1:]

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


if manner:
    carry_out(read_plan(interrupted()), output_dir, run_node=partial(run_in_subprocess, grace_seconds=1))
else:
    run_locally(interrupted(), output_dir, mode=mode)
