"""What the tests of the workspace share."""

from workspace_stand_in.fixtures import azure_environment, azurite, client, stand_in

__all__ = ["azure_environment", "azurite", "client", "stand_in"]
