"""The component that converts IDX files to CSV."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import PREP, SNAPSHOT, VERSION


@both_ways(mlflow="none")
@command_component(name="prep_data", version=VERSION, display_name="Prep Data", environment=PREP, code=SNAPSHOT)
def prepare_data_component(
    input_data: Input(type="uri_folder"),
    training_data: Output(type="uri_folder"),
    test_data: Output(type="uri_folder"),
):
    """Convert MNIST-formatted IDX files to one label-first CSV per split.

    Args:
        input_data: The four IDX files of the training and the test split, plain or gzip-compressed.
        training_data: Folder with mnist_train.csv, one line per image: label, then pixels 0..255.
        test_data: Folder with mnist_test.csv, of the same form.
    """
    from mnist_pipeline.mnist.data.prep import prepare_data

    prepare_data(input_data, training_data, test_data)
