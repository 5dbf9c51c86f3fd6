"""Train, evaluate, register: three scripts as `command()` components, for data that are prepared already."""

from copy import copy  # into a component the SDK writes what the first workspace calls it
from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Environment

from mnist_pipeline.components.environment import KERAS
from mnist_pipeline.mnist.registry.client import MODEL_NAME
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters
from mnist_pipeline.pipelines.checked import checked
from mnist_pipeline.pipelines.placement import place
from mnist_pipeline.settings import ranges_of

_PACKAGE = Path(__file__).resolve().parents[1]  # the snapshot; .amlignore there lists what is uploaded


def _inputs_of(settings: type, *names: str) -> dict[str, Input]:
    """Return the inputs of a component for the fields of a dataclass of settings, for all if none is named."""
    ranges, defaults = ranges_of(settings), settings()
    return {
        name: Input(
            type=ranges[name].kind,
            default=getattr(defaults, name),
            min=ranges[name].min,
            max=ranges[name].max,
            enum=list(ranges[name].choices) or None,
        )
        for name in names or ranges
    }


def _options_of(inputs: dict[str, Input]) -> str:
    """Return the options of a script's command line, one for each input."""
    return " ".join(f"--{name.replace('_', '-')} ${{{{inputs.{name}}}}}" for name in inputs)


@checked(Hyperparameters, Policy)
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
    accuracy_confidence: float = Policy.accuracy_confidence,
    min_class_recall: float = Policy.min_class_recall,
    max_loss: float = Policy.max_loss,
    min_images: int = Policy.min_images,
    champion: str = Policy.champion,
    champion_margin: float = Policy.champion_margin,
    mcnemar_level: float = Policy.mcnemar_level,
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
        seed: Random seed.
        model_name: Name in the model registry.
        min_accuracy: Lowest accuracy to register, 0 to 1.
        accuracy_confidence: If above 0, the lower bound of the accuracy's Wilson interval at this confidence must
            reach min_accuracy.
        min_class_recall: Lowest recall of every class, 0 to 1; 0 is off.
        max_loss: Highest cross-entropy in nats; 0 is off.
        min_images: Lowest number of test images; 0 is off.
        champion: What is required in comparison with the champion: better, not_worse (within champion_margin), or off.
        champion_margin: How far the accuracy may be below the champion's under not_worse, 0 to 1.
        mcnemar_level: Level of an exact McNemar test against the champion; 0 is off.
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


_TRAIN_SETTINGS = _inputs_of(Hyperparameters, "epochs", "seed")
_TRAIN = command(
    name="train",
    display_name="Train",
    code=_PACKAGE,
    command=(
        "python components/train_script.py --use-uri --data-path ${{inputs.data}} --model-path ${{outputs.model}} "
        + _options_of(_TRAIN_SETTINGS)
    ),
    inputs={"data": Input(type="uri_folder"), **_TRAIN_SETTINGS},
    outputs={"model": Output(type="mlflow_model", mode="rw_mount")},
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

_REGISTER_SETTINGS = {"model_name": Input(type="string", default=MODEL_NAME), **_inputs_of(Policy)}
_REGISTER = command(
    name="register",
    display_name="Register",
    code=_PACKAGE,
    command=(
        "python components/register_script.py --model ${{inputs.model}} --accuracy ${{inputs.accuracy}} "
        "$[[--test-data ${{inputs.test_data}}]] " + _options_of(_REGISTER_SETTINGS)
    ),
    inputs={
        "model": Input(type="uri_folder"),
        "accuracy": Input(type="uri_folder"),
        "test_data": Input(type="uri_folder", optional=True),
        **_REGISTER_SETTINGS,
    },
    environment=Environment(**KERAS),
    is_deterministic=False,  # a reused step would register nothing
).component
