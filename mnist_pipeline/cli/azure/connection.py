"""The options that say which workspace, and the client made from them."""

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
    """The workspace that a command is about, as far as options say."""

    subscription: str | None
    resource_group: str | None
    workspace: str | None

    def settings(self) -> WorkspaceSettings:
        """Find the settings, from here on upwards."""
        return find_settings(
            self.subscription, self.resource_group, self.workspace, environment=os.environ, start=Path.cwd()
        )

    def credential(self) -> "TokenCredential":
        """Make the credential; a browser may open if a person is at the terminal."""
        return make_credential(with_browser=sys.stdin.isatty() and sys.stderr.isatty())

    def client(self) -> "MLClient":
        """Connect."""
        return connect(self.settings(), self.credential())


@contextmanager
def quiet_uploads() -> Iterator[None]:
    """Drop what is written to standard error unless a person sees it: the SDK draws bars there for each upload."""
    with nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
        yield


def workspace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which workspace; the command gets them as its first argument, a Target."""

    @click.option("--subscription", metavar="ID", help="Azure subscription of the workspace.")
    @click.option("--resource-group", metavar="NAME", help="Resource group of the workspace.")
    @click.option("--workspace", metavar="NAME", help="Azure ML workspace.")
    @functools.wraps(command)
    def with_target(
        *args: Any, subscription: str | None, resource_group: str | None, workspace: str | None, **options: Any
    ) -> Any:
        return command(Target(subscription, resource_group, workspace), *args, **options)

    return with_target
