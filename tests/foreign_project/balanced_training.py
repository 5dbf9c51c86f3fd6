"""A pipeline of the project's own component and four of mnist_pipeline's."""

from azure.ai.ml import Input
from azure.ai.ml.dsl import pipeline
from balance import balance_component

from mnist_pipeline import both_ways
from mnist_pipeline.components import (
    keras_score_component,
    keras_train_component,
    prepare_data_component,
    register_model_component,
)

balance = both_ways(balance_component)


@pipeline(name="balanced-training", experiment_name="balanced-training")
def balanced_training_pipeline(images: Input(type="uri_folder"), model_name: str = "balanced", at_most: int = 20):
    """Prepare, balance, train, score, register."""
    prepare_node = prepare_data_component(input_data=images)
    balance_node = balance(data=prepare_node.outputs.training_data, at_most=at_most)
    train_node = keras_train_component(input_data=balance_node.outputs.balanced, epochs=1)
    score_node = keras_score_component(
        input_data=prepare_node.outputs.test_data, input_model=train_node.outputs.output_model
    )
    register_node = register_model_component(
        input_model=train_node.outputs.output_model,
        input_result=score_node.outputs.output_result,
        test_data=prepare_node.outputs.test_data,
        model_name=model_name,
        min_accuracy=0.0,
    )
    return {"balanced": balance_node.outputs.balanced, "registration": register_node.outputs.registration}
