"""Train, evaluate, register: three scripts, for data that need no preparation."""

from azure.ai.ml import Input
from azure.ai.ml.dsl import pipeline

from mnist_pipeline.components import (
    image_classification_evaluate_component,
    image_classification_register_component,
    image_classification_train_component,
)
from mnist_pipeline.components.takes import takes
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters
from mnist_pipeline.pipelines.checked import checked, input_type
from mnist_pipeline.settings import select


@checked
@pipeline(
    display_name="Train, evaluate, register",
    description="Train on one data asset, evaluate on another, register the model if it is good enough.",
    experiment_name="train-evaluate-register",
    non_pipeline_inputs=["compute", "instance_type"],
)
@takes(Hyperparameters, ModelName, Policy, annotate=input_type)
def train_evaluate_register_pipeline(
    train_data_asset_uri: Input(type="uri_folder", optional=False),
    test_data_asset_uri: Input(type="uri_folder", optional=False),  # else the SDK infers optional from test_data
    *,
    compute: str | None = None,
    instance_type: str | None = None,
    **settings,
):
    """Train on one data asset, evaluate on another, register the model if it is good enough.

    A data asset is a folder with one CSV (label, then pixels), with IDX files, or with one folder per label that holds
    PNG or JPEG images.

    Args:
        train_data_asset_uri: Training data.
        test_data_asset_uri: Test data.
        compute: Where the nodes run; the job's default compute if not given. Has no effect on this machine.
        instance_type: Name of the instance type to run on, on a Kubernetes compute.
        **settings: Hyperparameters, name of the model and policy.
    """
    train_node = image_classification_train_component(data=train_data_asset_uri, **select(settings, Hyperparameters))
    evaluate_node = image_classification_evaluate_component(data=test_data_asset_uri, model=train_node.outputs.model)
    register_node = image_classification_register_component(
        model=train_node.outputs.model,
        accuracy=evaluate_node.outputs.accuracy,
        test_data=test_data_asset_uri,
        **select(settings, ModelName, Policy),
    )
    train_node.compute = evaluate_node.compute = register_node.compute = compute
    if instance_type is not None:
        train_node.set_resources(instance_type=instance_type)
        evaluate_node.set_resources(instance_type=instance_type)
        register_node.set_resources(instance_type=instance_type)
    return {"model": train_node.outputs.model, "accuracy": evaluate_node.outputs.accuracy}
