"""Prepare the data, train, score, register: from IDX files to a registered model."""

from azure.ai.ml import Input
from azure.ai.ml.dsl import pipeline

from mnist_pipeline.components import (
    keras_score_component,
    keras_train_component,
    keras_train_gpu_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.components.takes import takes
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import ClassNames, Hyperparameters
from mnist_pipeline.pipelines.checked import checked, input_type
from mnist_pipeline.settings import select


@checked
@pipeline(
    display_name="Image classification with Keras",
    description="Prepare MNIST-formatted data, train a Keras network, score it, register it if it is good enough.",
    experiment_name="image-classification",
    non_pipeline_inputs=["compute", "train_compute", "gpu"],
)
@takes(Hyperparameters, ClassNames, ModelName, Policy, annotate=input_type)
def image_classification_pipeline(
    pipeline_input_data: Input(type="uri_folder", optional=False),  # else the SDK infers optional from idx_data
    *,
    compute: str | None = None,
    train_compute: str | None = None,
    gpu: bool = False,
    **settings,
):
    """Prepare MNIST-formatted data, train a Keras network, score it, register it if it is good enough.

    Args:
        pipeline_input_data: The four IDX files, plain or gzip-compressed.
        compute: Where the nodes run; the job's default compute if not given. Has no effect on this machine.
        train_compute: Where the training runs, for example on a GPU cluster; `compute` if not given.
        gpu: Train in the environment with CUDA; for a `train_compute` with GPUs. Has no effect on this machine.
        **settings: Hyperparameters, class names, name of the model and policy.
    """
    prepare_data_node = prepare_data_component(input_data=pipeline_input_data)
    train_component = keras_train_gpu_component if gpu else keras_train_component
    train_node = train_component(
        input_data=prepare_data_node.outputs.training_data,
        idx_data=pipeline_input_data,
        **select(settings, Hyperparameters, ClassNames),
    )
    score_node = keras_score_component(
        input_data=prepare_data_node.outputs.test_data, input_model=train_node.outputs.output_model
    )
    register_node = register_model_component(
        input_model=train_node.outputs.output_model,
        input_result=score_node.outputs.output_result,
        test_data=prepare_data_node.outputs.test_data,
        **select(settings, ModelName, Policy),
    )
    prepare_data_node.compute = score_node.compute = register_node.compute = compute
    train_node.compute = train_compute or compute
    return {
        "model": train_node.outputs.output_model,
        "result": score_node.outputs.output_result,
        "registration": register_node.outputs.registration,
    }
