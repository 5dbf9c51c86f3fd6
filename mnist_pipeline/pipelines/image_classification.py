"""Prepare the data, train, score, register: the whole road from IDX files to a model version."""

from azure.ai.ml import Input
from azure.ai.ml.dsl import pipeline

from mnist_pipeline.components import (
    keras_score_component,
    keras_train_component,
    keras_train_gpu_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.mnist.registry.client import MODEL_NAME
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import NO_CLASS_NAMES, Hyperparameters
from mnist_pipeline.pipelines.checked import checked
from mnist_pipeline.pipelines.placement import place


@checked(Hyperparameters, Policy)
@pipeline(
    display_name="Image classification with Keras",
    description="Prepare MNIST-formatted data, train a Keras network, score it, register it if it is good enough.",
    experiment_name="image-classification",
    non_pipeline_inputs=["compute", "train_compute", "gpu"],
)
def image_classification_pipeline(
    pipeline_input_data: Input(type="uri_folder", optional=False),  # else the SDK infers optional from idx_data
    epochs: int = Hyperparameters.epochs,
    batch_size: int = Hyperparameters.batch_size,
    learning_rate: float = Hyperparameters.learning_rate,
    validation_split: float = Hyperparameters.validation_split,
    seed: int = Hyperparameters.seed,
    network: str = Hyperparameters.network,
    augmentation: str = Hyperparameters.augmentation,
    precision: str = Hyperparameters.precision,
    class_names: str = NO_CLASS_NAMES,
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
    train_compute: str | None = None,
    gpu: bool = False,
):
    """Prepare MNIST-formatted data, train a Keras network, score it, register it if it is good enough.

    Args:
        pipeline_input_data: The four IDX files, plain or gzip-compressed.
        epochs: Passes over the training images.
        batch_size: Images per training step; 0 takes the network's own.
        learning_rate: Peak of the learning rate's schedule; 0 takes the network's own.
        validation_split: Share of the training images held out to validate, 0 to 0.99.
        seed: Random seed.
        network: small, wide or large (each slower and more accurate than the one before), or sample (Microsoft's).
        augmentation: none, shift, flip or flip-shift; to flip suits clothes but neither digits nor letters.
        precision: float32, bfloat16, or auto: bfloat16 on a CPU with instructions for it, otherwise float32.
        class_names: Names of the classes from label 0 on, with commas between; none names none.
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
        train_compute: Where the training runs, a GPU cluster say; `compute` if not given.
        gpu: Train in the environment with CUDA. Say so where `train_compute` has GPUs. Has no effect on this machine.
    """
    prepare_data_node = prepare_data_component(input_data=pipeline_input_data)
    train_component = keras_train_gpu_component if gpu else keras_train_component
    train_node = train_component(
        input_data=prepare_data_node.outputs.training_data,
        idx_data=pipeline_input_data,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        validation_split=validation_split,
        seed=seed,
        network=network,
        augmentation=augmentation,
        precision=precision,
        class_names=class_names,
    )
    score_node = keras_score_component(
        input_data=prepare_data_node.outputs.test_data, input_model=train_node.outputs.output_model
    )
    register_node = register_model_component(
        input_model=train_node.outputs.output_model,
        input_result=score_node.outputs.output_result,
        test_data=prepare_data_node.outputs.test_data,
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
    place(compute, prepare_data_node, score_node, register_node)
    place(train_compute or compute, train_node)
    return {
        "model": train_node.outputs.output_model,
        "result": score_node.outputs.output_result,
        "registration": register_node.outputs.registration,
    }
