"""Train, evaluate, register: three scripts as `command()` components, for data that are prepared already."""

from copy import copy  # into a component the SDK writes what the first workspace calls it
from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Environment

from mnist_pipeline.components.environment import KERAS, REGISTER
from mnist_pipeline.mnist.hyperparameters import Hyperparameters
from mnist_pipeline.mnist.registry import MIN_ACCURACY, MODEL_NAME
from mnist_pipeline.pipelines.placement import place

_PACKAGE = Path(__file__).resolve().parents[1]  # the snapshot; .amlignore there lists what is uploaded


@pipeline(
    display_name="Train, evaluate, register",
    description="Train on one data asset, evaluate on another, register the model if it is good enough.",
    experiment_name="train-evaluate-register",
    non_pipeline_inputs=["compute", "instance_type"],
)
def train_evaluate_register_pipeline(
    train_data_asset_uri: Input(type="uri_folder"),
    test_data_asset_uri: Input(type="uri_folder"),
    epochs: int = Hyperparameters.epochs,
    seed: int = Hyperparameters.seed,
    model_name: str = MODEL_NAME,
    min_accuracy: float = MIN_ACCURACY,
    compute: str | None = None,
    instance_type: str | None = None,
):
    """Train on one data asset, evaluate on another, register the model if it is good enough.

    A data asset is a folder with one CSV (label, then pixels), with IDX files, or with one folder a label that holds
    PNG or JPEG images.

    Args:
        train_data_asset_uri: Training data.
        test_data_asset_uri: Test data.
        epochs: Passes over the training images.
        seed: Of everything random.
        model_name: Name in the model registry.
        min_accuracy: The least accuracy to register, 0 to 1.
        compute: Where the nodes run; the job's default compute if not given. Has no effect on this machine.
        instance_type: On a Kubernetes compute, the name of the instance type to run on.
    """
    train_node = copy(_TRAIN)(data=train_data_asset_uri, epochs=epochs, seed=seed)
    evaluate_node = copy(_EVALUATE)(data=test_data_asset_uri, model=train_node.outputs.model)
    register_node = copy(_REGISTER)(
        model=train_node.outputs.model,
        accuracy=evaluate_node.outputs.accuracy,
        model_name=model_name,
        min_accuracy=min_accuracy,
    )
    place(compute, train_node, evaluate_node, register_node, instance_type=instance_type)
    return {"model": train_node.outputs.model, "accuracy": evaluate_node.outputs.accuracy}


_TRAIN = command(
    name="train",
    display_name="Train",
    code=_PACKAGE,
    command=(
        "python components/train_script.py --use-uri --data-path ${{inputs.data}} --model-path ${{outputs.model}} "
        "--epochs ${{inputs.epochs}} --seed ${{inputs.seed}}"
    ),
    inputs={"data": Input(type="uri_folder"), "epochs": Hyperparameters.epochs, "seed": Hyperparameters.seed},
    outputs={"model": Output(type="uri_folder", mode="rw_mount")},
    environment=Environment(**KERAS),
).component

_EVALUATE = command(
    name="evaluate",
    display_name="Evaluate",
    code=_PACKAGE,
    command=(
        "python components/evaluate_script.py --use_uri --test_data_dir ${{inputs.data}} "
        "--model_path ${{inputs.model}} --accuracy_path ${{outputs.accuracy}}"
    ),
    inputs={"data": Input(type="uri_folder"), "model": Input(type="uri_folder")},
    outputs={"accuracy": Output(type="uri_folder")},
    environment=Environment(**KERAS),
).component

_REGISTER = command(
    name="register",
    display_name="Register",
    code=_PACKAGE,
    command=(
        "python components/register_script.py --model ${{inputs.model}} --accuracy ${{inputs.accuracy}} "
        "--model-name ${{inputs.model_name}} --min-accuracy ${{inputs.min_accuracy}}"
    ),
    inputs={
        "model": Input(type="uri_folder"),
        "accuracy": Input(type="uri_folder"),
        "model_name": MODEL_NAME,
        "min_accuracy": MIN_ACCURACY,
    },
    environment=Environment(**REGISTER),
    is_deterministic=False,  # a reused step would register nothing
).component
