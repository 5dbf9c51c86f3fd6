"""The component that registers a model if it is good enough."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import KERAS, SNAPSHOT, VERSION
from mnist_pipeline.components.ports import port
from mnist_pipeline.mnist.registry.client import MODEL_NAME
from mnist_pipeline.mnist.registry.promotion import Policy


@both_ways
@command_component(
    name="register_image_classification_keras",
    version=VERSION,
    display_name="Register Image Classification Keras",
    environment=KERAS,  # a champion may have to be scored again
    code=SNAPSHOT,
    is_deterministic=False,  # a reused step would register nothing
)
def register_model_component(
    input_model: Input(type="uri_folder"),
    input_result: Input(type="uri_folder"),
    registration: Output(type="uri_folder"),
    test_data: Input(type="uri_folder", optional=True) = None,
    model_name: Input(type="string") = MODEL_NAME,
    min_accuracy: port(Policy, "min_accuracy") = Policy.min_accuracy,
    accuracy_confidence: port(Policy, "accuracy_confidence") = Policy.accuracy_confidence,
    min_class_recall: port(Policy, "min_class_recall") = Policy.min_class_recall,
    max_loss: port(Policy, "max_loss") = Policy.max_loss,
    min_images: port(Policy, "min_images") = Policy.min_images,
    champion: port(Policy, "champion") = Policy.champion,
    champion_margin: port(Policy, "champion_margin") = Policy.champion_margin,
    mcnemar_level: port(Policy, "mcnemar_level") = Policy.mcnemar_level,
):
    """Register the model in the MLflow model registry, as the champion, if it is good enough.

    Args:
        input_model: MLflow model folder.
        input_result: What scoring wrote; its figures decide, after they were verified.
        registration: Folder with registration.json, written whether or not the model was registered.
        test_data: What the model was scored on. A champion whose figures are of other data is scored again on it.
        model_name: Name in the registry.
        min_accuracy: Lowest accuracy to register, 0 to 1.
        accuracy_confidence: If above 0, the lower bound of the accuracy's Wilson interval at this confidence (0.95 say)
            must reach min_accuracy, in place of the accuracy itself.
        min_class_recall: Lowest recall of every class, 0 to 1; 0 is off.
        max_loss: Highest cross-entropy in nats; 0 is off.
        min_images: Lowest number of test images; 0 is off.
        champion: What is required in comparison with the champion: better, not_worse (within champion_margin), or off.
        champion_margin: How far the accuracy may be below the champion's under not_worse, 0 to 1.
        mcnemar_level: Level of an exact McNemar test, 0.05 say; 0 is off. Under better the model must be significantly
            better, under not_worse it must not be significantly worse.
    """
    from mnist_pipeline.mnist.registry.register import register

    policy = Policy(
        min_accuracy,
        accuracy_confidence,
        min_class_recall,
        max_loss,
        min_images,
        champion,
        champion_margin,
        mcnemar_level,
    )
    register(input_model, input_result, registration, model_name, policy, test_data)
