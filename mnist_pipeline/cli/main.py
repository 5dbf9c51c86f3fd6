"""The `mnist-pipeline` command. This is the only place where errors become exit codes."""

import logging
import os
import signal
import sys
from typing import NoReturn

import click

from mnist_pipeline import __version__
from mnist_pipeline.cli.azure.group import azure
from mnist_pipeline.cli.models import models
from mnist_pipeline.cli.predict import predict
from mnist_pipeline.cli.run import run
from mnist_pipeline.errors import MnistPipelineError

FAILURE = 1
CANCELED = 128 + signal.SIGINT


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mnist-pipeline")
def cli() -> None:
    """Train image classifiers as Azure ML pipelines, on this machine first.

    \b
    mnist-pipeline run                               run the whole pipeline on a small sample, in a minute
    mnist-pipeline run --data fashion-mnist          run it on all 70,000 images of Fashion-MNIST
    mnist-pipeline predict MODEL boot.png            classify an image with a trained model
    mnist-pipeline models list                       list the registered models and their champions

    The data are four IDX files in the format of MNIST: images and labels for training and for testing.

    The exit code is 0 for success, 1 for a failure, 2 for wrong usage and 130 if the command was canceled.
    """


cli.add_command(run)
cli.add_command(predict)
cli.add_command(models)
cli.add_command(azure)


def main() -> NoReturn:
    """Run the command line and exit with 0 for success, 1 for a failure, 2 for wrong usage or 130 if canceled.

    A command may have exit codes of its own, which its help lists.
    """
    sys.exit(_exit_code())


def _exit_code() -> int:
    _quieten_libraries()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM cleans up as Ctrl-C does
    try:
        cli.main(prog_name="mnist-pipeline", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MnistPipelineError as error:
        click.echo(f"Error: {error}", err=True)
        return FAILURE
    except (KeyboardInterrupt, click.Abort):
        click.echo("Canceled.", err=True)
        return CANCELED
    return 0


def _quieten_libraries() -> None:
    """Hide the log messages that libraries write for their own developers."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # hides the creation of database tables
    logging.getLogger("azure.ai.ml._utils._experimental").setLevel(logging.ERROR)
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # hides each way to sign in that failed
