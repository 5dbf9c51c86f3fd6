"""The component that trains a Keras network on a GPU. It is the component of train.py in another environment.

It is a component of its own, because a pipeline job does not send an environment that is set on a node.
"""

import inspect

from mldesigner import command_component

from mnist_pipeline.components.both_ways import both_ways
from mnist_pipeline.components.environment import KERAS_GPU, SNAPSHOT, VERSION
from mnist_pipeline.components.train import keras_train_component

keras_train_gpu_component = both_ways(
    command_component(
        name="train_image_classification_keras_gpu",
        version=VERSION,
        display_name="Train Image Classification Keras on a GPU",
        environment=KERAS_GPU,
        code=SNAPSHOT,
    )(inspect.unwrap(keras_train_component)),
    mlflow="run",
)
