"""The component that registers a model if it is good enough."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import KERAS, SNAPSHOT, VERSION
from mnist_pipeline.components.takes import takes
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.settings import select


@both_ways(mlflow="registry")
@command_component(
    name="register_image_classification_keras",
    version=VERSION,
    display_name="Register Image Classification Keras",
    environment=KERAS,  # a champion may have to be scored again
    code=SNAPSHOT,
    is_deterministic=False,  # a reused step would register nothing
)
@takes(ModelName, Policy)
def register_model_component(
    input_model: Input(type="uri_folder"),
    input_result: Input(type="uri_folder"),
    registration: Output(type="uri_folder"),
    test_data: Input(type="uri_folder", optional=True) = None,
    **settings,
):
    """Register the model in the MLflow model registry, as the champion, if it is good enough.

    Args:
        input_model: MLflow model folder.
        input_result: Folder that scoring wrote. Its metrics are verified before they decide.
        registration: Folder with registration.json, written whether or not the model was registered.
        test_data: Test data that the model was scored on. A champion with metrics from other data is scored again on
            it.
        **settings: Name of the model and policy.
    """
    from mnist_pipeline.mnist.registry.register import register

    name = ModelName(**select(settings, ModelName)).model_name
    policy = Policy(**select(settings, Policy))
    register(input_model, input_result, registration, name, policy, test_data)
