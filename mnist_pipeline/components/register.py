"""The component that registers a model if it is good enough."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import REGISTER, SNAPSHOT, VERSION
from mnist_pipeline.mnist.registry import MIN_ACCURACY, MODEL_NAME


@both_ways
@command_component(
    name="register_image_classification_keras",
    version=VERSION,
    display_name="Register Image Classification Keras",
    environment=REGISTER,
    code=SNAPSHOT,
    is_deterministic=False,  # a reused step would register nothing
)
def register_model_component(
    input_model: Input(type="uri_folder"),
    input_result: Input(type="uri_folder"),
    registration: Output(type="uri_folder"),
    model_name=MODEL_NAME,
    min_accuracy=MIN_ACCURACY,
):
    """Register the model in the MLflow model registry if its accuracy reaches min_accuracy.

    Args:
        input_model: MLflow model folder.
        input_result: What scoring wrote; its metrics.json decides.
        registration: Folder with registration.json, written whether or not the model was registered.
        model_name: Name in the registry.
        min_accuracy: The least accuracy to register, 0 to 1.
    """
    from mnist_pipeline.mnist.registry import register

    register(input_model, input_result, registration, model_name, min_accuracy)
