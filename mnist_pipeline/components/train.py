"""The component that trains a Keras network."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import KERAS, SNAPSHOT, VERSION
from mnist_pipeline.components.ports import port
from mnist_pipeline.mnist.training.hyperparameters import NO_CLASS_NAMES, Hyperparameters


@both_ways
@command_component(
    name="train_image_classification_keras",
    version=VERSION,
    display_name="Train Image Classification Keras",
    environment=KERAS,
    code=SNAPSHOT,
)
def keras_train_component(
    input_data: Input(type="uri_folder"),
    output_model: Output(type="mlflow_model"),
    idx_data: Input(type="uri_folder", optional=True) = None,
    epochs: port(Hyperparameters, "epochs") = Hyperparameters.epochs,
    batch_size: port(Hyperparameters, "batch_size") = Hyperparameters.batch_size,
    learning_rate: port(Hyperparameters, "learning_rate") = Hyperparameters.learning_rate,
    validation_split: port(Hyperparameters, "validation_split") = Hyperparameters.validation_split,
    seed: port(Hyperparameters, "seed") = Hyperparameters.seed,
    network: port(Hyperparameters, "network") = Hyperparameters.network,
    augmentation: port(Hyperparameters, "augmentation") = Hyperparameters.augmentation,
    precision: port(Hyperparameters, "precision") = Hyperparameters.precision,
    image_rows: Input(type="integer", min=0) = 0,
    class_names: Input(type="string") = NO_CLASS_NAMES,
):
    """Train a Keras network on a label-first CSV and save it as an MLflow model.

    Args:
        input_data: A CSV, one line per image: label, then pixels 0..255; the file or a folder with exactly one.
        output_model: MLflow model folder.
        idx_data: The IDX files that the CSV was made from; their header tells height and width of the images, which
            the CSV does not. Not needed for square images.
        epochs: Passes over the training images.
        batch_size: Images per step; 0 takes the network's own.
        learning_rate: Peak of the learning rate's schedule; 0 takes the network's own.
        validation_split: Share of the images held out to validate, 0 to 0.99.
        seed: Random seed; the same seed gives the same model on the same machine.
        network: small, wide or large (each slower and more accurate than the one before), or sample (Microsoft's).
        augmentation: none; shift moves training images by up to a pixel; flip mirrors half of them left to right, which
            suits clothes but neither digits nor letters; flip-shift does both.
        precision: float32, bfloat16, or auto: bfloat16 on a CPU with instructions for it, otherwise float32.
        image_rows: Height of the images in pixels, where there is no idx_data; 0 takes them to be square.
        class_names: Names of the classes from label 0 on, with commas between; none names none.
    """
    from mnist_pipeline.mnist.data.dataset import find_image_size, read_csv_dataset
    from mnist_pipeline.mnist.training.fit import class_names_of, train

    settings = Hyperparameters(
        epochs, batch_size, learning_rate, validation_split, seed, network, augmentation, precision
    )
    image_size = find_image_size(input_data, idx_data, image_rows)
    train(read_csv_dataset(input_data, image_size, class_names_of(class_names)), output_model, settings)
