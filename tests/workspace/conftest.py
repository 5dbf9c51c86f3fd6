"""What the tests of the workspace share."""

import pytest
from workspace_stand_in.fixtures import azure_environment, client, stand_in

from mnist_pipeline import components

__all__ = ["azure_environment", "client", "stand_in"]


@pytest.fixture(autouse=True)
def _components_as_if_just_imported():
    """Undo what the SDK writes into a component that it registers: what one workspace calls its code."""
    registered = [getattr(components, name).component for name in components.__all__]
    before = [dict(vars(component)) for component in registered]
    yield
    for component, state in zip(registered, before, strict=True):
        vars(component).clear()
        vars(component).update(state)
