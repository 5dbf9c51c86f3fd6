"""`mnist-pipeline azure ...`: the commands that work with an Azure ML workspace."""
