"""The component that registers a model with a script if it is good enough."""

from mldesigner import Input

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.script_component import script_component
from mnist_pipeline.components.takes import takes
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.settings import select


@both_ways(mlflow="registry")
@script_component(
    name="image_classification_register",
    display_name="Image Classification Register",
    command=(
        "python components/register_script.py --model ${{inputs.model}} --accuracy ${{inputs.accuracy}} "
        "$[[--test-data ${{inputs.test_data}}]]"
    ),
    is_deterministic=False,  # a reused step would register nothing
)
@takes(ModelName, Policy)
def image_classification_register_component(
    model: Input(type="uri_folder"),
    accuracy: Input(type="uri_folder"),
    test_data: Input(type="uri_folder", optional=True) = None,
    **settings,
):
    """Register the model in the MLflow model registry, as the champion, if it is good enough.

    There is no output folder, so give `model` by position to run it here.

    Args:
        model: MLflow model folder.
        accuracy: Folder that the evaluation wrote. Its metrics are verified before they decide.
        test_data: Test data that the model was evaluated on. A champion with metrics from other data is scored again on
            it.
        **settings: Name of the model and policy.
    """
    from mnist_pipeline.mnist.registry.register import register

    name = ModelName(**select(settings, ModelName)).model_name
    register(model, accuracy, None, name, Policy(**select(settings, Policy)), test_data)
