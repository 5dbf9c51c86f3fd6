"""The component that scores a model. score.yaml declares the same component for `load_component`."""

from mldesigner import Input, Output, command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import KERAS, SNAPSHOT, VERSION


@both_ways(mlflow="run")
@command_component(
    name="score_image_classification_keras",
    version=VERSION,
    display_name="Score Image Classification Keras",
    environment=KERAS,
    code=SNAPSHOT,
)
def keras_score_component(
    input_data: Input(type="uri_folder"),
    input_model: Input(type="uri_folder"),
    output_result: Output(type="uri_folder"),
):
    """Score a model on a label-first CSV: predictions, metrics.json, and pictures.

    Args:
        input_data: A CSV, one line per image: label, then pixels 0..255; the file or a folder with exactly one.
        input_model: MLflow model folder.
        output_result: Folder with predict_result.csv, labels.csv, metrics.json, confusion matrix and worst mistakes.
    """
    from mnist_pipeline.mnist.scoring.score import score

    score(input_data, input_model, output_result)
