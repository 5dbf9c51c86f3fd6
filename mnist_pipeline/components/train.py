"""The component that trains a Keras network."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import KERAS, SNAPSHOT, VERSION
from mnist_pipeline.components.takes import takes
from mnist_pipeline.mnist.training.hyperparameters import ClassNames, Hyperparameters, class_names_of
from mnist_pipeline.settings import select


@both_ways(mlflow="run")
@command_component(
    name="train_image_classification_keras",
    version=VERSION,
    display_name="Train Image Classification Keras",
    environment=KERAS,
    code=SNAPSHOT,
)
@takes(Hyperparameters, ClassNames)
def keras_train_component(
    input_data: Input(type="uri_folder"),
    output_model: Output(type="mlflow_model"),
    idx_data: Input(type="uri_folder", optional=True) = None,
    **settings,
):
    """Train a Keras network on a label-first CSV and save it as an MLflow model.

    Args:
        input_data: A CSV, one line per image: label, then pixels 0..255; the file or a folder with exactly one.
        output_model: MLflow model folder.
        idx_data: The IDX files that the CSV was made from. They tell the height and width of the images, which the CSV
            does not. Not needed for square images.
        **settings: Hyperparameters and class names.
    """
    from mnist_pipeline.mnist.data.dataset import find_image_size, read_csv_dataset

    hyperparameters = Hyperparameters(**select(settings, Hyperparameters))
    class_names = class_names_of(ClassNames(**select(settings, ClassNames)).class_names)

    from mnist_pipeline.mnist.training.fit import train  # here, because it imports TensorFlow

    image_size = None if idx_data is None else find_image_size(idx_data)
    train(read_csv_dataset(input_data, image_size, class_names), output_model, hyperparameters, input_data)
