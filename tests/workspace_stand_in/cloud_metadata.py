"""The public description of the cloud, its endpoints and suffixes, which azureml-mlflow reads.

The fields are those that azureml-mlflow takes from the answer to
`https://management.azure.com/metadata/endpoints?api-version=2019-05-01` (`_common/_cloud/cloud.py`).
"""

from . import identity
from .message import Answer, json_answer

PATH = "/metadata/endpoints"


def answer(host: str) -> Answer:
    """Describe one cloud, the public one."""
    audiences = [f"https://{host}", "https://management.core.windows.net/"]
    public = {
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "resourceManager": f"https://{host}/",
        "authentication": {"loginEndpoint": f"https://{identity.HOST}/", "audiences": audiences, "tenant": "common"},
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net", "acrLoginServer": "azurecr.io"},
    }
    return json_answer([public])
