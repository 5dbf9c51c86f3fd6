"""The component that trains a Keras network with a script, on every kind of data folder."""

from mldesigner import Input, Output

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.script_component import script_component
from mnist_pipeline.components.takes import takes
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters


@both_ways(mlflow="run")
@script_component(
    name="image_classification_train",
    display_name="Image Classification Train",
    command="python components/train_script.py --use-uri --data-path ${{inputs.data}} --model-path ${{outputs.model}}",
)
@takes(Hyperparameters)
def image_classification_train_component(
    data: Input(type="uri_folder"),
    model: Output(type="mlflow_model"),
    **hyperparameters,
):
    """Train a Keras network and save it as an MLflow model.

    Args:
        data: Folder with one CSV (label, then pixels), with IDX files, or with one folder of images per label.
        model: MLflow model folder.
        **hyperparameters: As in `Hyperparameters`.
    """
    from mnist_pipeline.mnist.data.dataset import read_dataset
    from mnist_pipeline.mnist.training.fit import train

    train(read_dataset(data, "train"), model, Hyperparameters(**hyperparameters), data)
