"""The component that evaluates a model with a script, on every kind of data folder."""

from mldesigner import Input, Output

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.script_component import script_component


@both_ways(mlflow="run")
@script_component(
    name="image_classification_evaluate",
    display_name="Image Classification Evaluate",
    command=(
        "python components/evaluate_script.py --use_uri --test_data_dir ${{inputs.data}} "
        "--model_path ${{inputs.model}} --accuracy_path ${{outputs.accuracy}}"
    ),
)
def image_classification_evaluate_component(
    data: Input(type="uri_folder"),
    model: Input(type="uri_folder"),
    accuracy: Output(type="uri_folder"),
):
    """Evaluate a model on test data and write its accuracy.

    Args:
        data: Folder with one CSV (label, then pixels), with IDX files, or with one folder of images per label.
        model: MLflow model folder.
        accuracy: Folder with accuracy.txt, metrics.json, predict_result.csv and labels.csv.
    """
    from mnist_pipeline.mnist.scoring.score import write_accuracy

    write_accuracy(data, model, accuracy)
