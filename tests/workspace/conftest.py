"""Fixtures of the workspace's tests."""

import pytest
from fresh_components import components_as_if_just_imported
from workspace_stand_in.fixtures import azure_environment, client, stand_in

__all__ = ["azure_environment", "client", "stand_in"]


@pytest.fixture(autouse=True)
def _components_as_if_just_imported():
    with components_as_if_just_imported():
        yield
