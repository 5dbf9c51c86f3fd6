"""Submit as a notebook does, with only the SDK. Needs the installed package and a config.json in the current folder.

Prints the name of each submitted job, and at the end the folder from which the package was imported.
"""

from pathlib import Path

from azure.ai.ml import Input, MLClient
from azure.identity import DefaultAzureCredential

import mnist_pipeline
from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline

ml_client = MLClient.from_config(DefaultAzureCredential())
data = Input(type="uri_folder", path="wasbs://data@account.blob.core.windows.net/mnist/")

job = image_classification_pipeline(pipeline_input_data=data, compute="cpu-cluster", train_compute="gpu-cluster")
print(ml_client.jobs.create_or_update(job).name)

job = train_evaluate_register_pipeline(train_data_asset_uri=data, test_data_asset_uri=data, compute="cpu-cluster")
print(ml_client.jobs.create_or_update(job).name)

ml_client.components.create_or_update(prepare_data_component)
print(Path(mnist_pipeline.__file__).parent)
