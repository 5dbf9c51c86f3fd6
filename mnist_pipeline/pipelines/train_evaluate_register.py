"""Train, evaluate, register: three scripts as `command()` components, for data that are prepared already."""

from copy import copy  # into a component the SDK writes what the first workspace calls it
from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Environment

from mnist_pipeline.components.environment import KERAS
from mnist_pipeline.mnist.hyperparameters import Hyperparameters
from mnist_pipeline.mnist.promotion import Policy
from mnist_pipeline.mnist.versions import MODEL_NAME
from mnist_pipeline.pipelines.placement import place

_PACKAGE = Path(__file__).resolve().parents[1]  # the snapshot; .amlignore there lists what is uploaded


@pipeline(
    display_name="Train, evaluate, register",
    description="Train on one data asset, evaluate on another, register the model if it is good enough.",
    experiment_name="train-evaluate-register",
    non_pipeline_inputs=["compute", "instance_type"],
)
def train_evaluate_register_pipeline(
    train_data_asset_uri: Input(type="uri_folder", optional=False),
    test_data_asset_uri: Input(type="uri_folder", optional=False),  # else the SDK infers optional from test_data
    epochs: int = Hyperparameters.epochs,
    seed: int = Hyperparameters.seed,
    model_name: str = MODEL_NAME,
    min_accuracy: float = Policy.min_accuracy,
    accuracy_confidence: Input(type="number", optional=True) = None,
    min_class_recall: Input(type="number", optional=True) = None,
    max_loss: Input(type="number", optional=True) = None,
    min_images: Input(type="integer", optional=True) = None,
    champion: str = Policy.champion,
    champion_margin: float = Policy.champion_margin,
    mcnemar_level: Input(type="number", optional=True) = None,
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
        accuracy_confidence: When given, the lower bound of the accuracy's Wilson interval at this confidence must
            reach min_accuracy.
        min_class_recall: The least recall of every class, 0 to 1.
        max_loss: The greatest cross-entropy in nats.
        min_images: The least number of test images.
        champion: What is required in comparison with the champion: better, not_worse (within champion_margin), or off.
        champion_margin: How far the accuracy may be below the champion's under not_worse, 0 to 1.
        mcnemar_level: Level of an exact McNemar test against the champion.
        compute: Where the nodes run; the job's default compute if not given. Has no effect on this machine.
        instance_type: On a Kubernetes compute, the name of the instance type to run on.
    """
    train_node = copy(_TRAIN)(data=train_data_asset_uri, epochs=epochs, seed=seed)
    evaluate_node = copy(_EVALUATE)(data=test_data_asset_uri, model=train_node.outputs.model)
    register_node = copy(_REGISTER)(
        model=train_node.outputs.model,
        accuracy=evaluate_node.outputs.accuracy,
        test_data=test_data_asset_uri,
        model_name=model_name,
        min_accuracy=min_accuracy,
        accuracy_confidence=accuracy_confidence,
        min_class_recall=min_class_recall,
        max_loss=max_loss,
        min_images=min_images,
        champion=champion,
        champion_margin=champion_margin,
        mcnemar_level=mcnemar_level,
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
        "$[[--test-data ${{inputs.test_data}}]] --model-name ${{inputs.model_name}} "
        "--min-accuracy ${{inputs.min_accuracy}} $[[--accuracy-confidence ${{inputs.accuracy_confidence}}]] "
        "$[[--min-class-recall ${{inputs.min_class_recall}}]] $[[--max-loss ${{inputs.max_loss}}]] "
        "$[[--min-images ${{inputs.min_images}}]] --champion ${{inputs.champion}} "
        "--champion-margin ${{inputs.champion_margin}} $[[--mcnemar-level ${{inputs.mcnemar_level}}]]"
    ),
    inputs={
        "model": Input(type="uri_folder"),
        "accuracy": Input(type="uri_folder"),
        "test_data": Input(type="uri_folder", optional=True),
        "model_name": MODEL_NAME,
        "min_accuracy": Policy.min_accuracy,
        "accuracy_confidence": Input(type="number", optional=True),
        "min_class_recall": Input(type="number", optional=True),
        "max_loss": Input(type="number", optional=True),
        "min_images": Input(type="integer", optional=True),
        "champion": Policy.champion,
        "champion_margin": Policy.champion_margin,
        "mcnemar_level": Input(type="number", optional=True),
    },
    environment=Environment(**KERAS),
    is_deterministic=False,  # a reused step would register nothing
).component
