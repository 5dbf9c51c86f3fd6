"""The options that choose a workspace, and the client made from them."""

import functools
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.workspace.config import WorkspaceSettings, find_settings
from mnist_pipeline.workspace.connection import connect, make_credential

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True)
class Target:
    """The workspace that a command works on, as far as its options name it."""

    subscription: str | None
    resource_group: str | None
    workspace: str | None

    def settings(self) -> WorkspaceSettings:
        """Find the settings: options first, then variables, then a config file in this folder or above it."""
        return find_settings(
            self.subscription, self.resource_group, self.workspace, environment=os.environ, start=Path.cwd()
        )

    def credential(self) -> "TokenCredential":
        """Make the credential. It may open a browser if a person is at the terminal."""
        return make_credential(with_browser=sys.stdin.isatty() and sys.stderr.isatty())

    def client(self) -> "MLClient":
        """Make a client for the workspace."""
        return connect(self.settings(), self.credential())


@contextmanager
def quiet_uploads() -> Iterator[None]:
    """Drop standard error unless it is a terminal: the SDK draws a progress bar there for each upload."""
    with nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
        yield


def workspace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose a workspace; the command gets them as its first argument, a Target."""

    @click.option("--subscription", metavar="ID", help="ID of the workspace's Azure subscription.")
    @click.option("--resource-group", metavar="NAME", help="The workspace's resource group.")
    @click.option("--workspace", metavar="NAME", help="Name of the Azure ML workspace.")
    @functools.wraps(command)
    def with_target(
        *args: Any, subscription: str | None, resource_group: str | None, workspace: str | None, **options: Any
    ) -> Any:
        return command(Target(subscription, resource_group, workspace), *args, **options)

    return with_target
