"""The `mnist-pipeline` command, and the one place where errors become exit codes."""

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
    mnist-pipeline run                               the whole pipeline on a small sample, in a minute
    mnist-pipeline run --data fashion-mnist          on all 70,000 images of Fashion-MNIST
    mnist-pipeline predict MODEL boot.png            what a trained model sees in an image
    mnist-pipeline models list                       which models are registered, and which is champion

    Data are MNIST-formatted: four IDX files with images and labels to train and to test on.
    """


cli.add_command(run)
cli.add_command(predict)
cli.add_command(models)
cli.add_command(azure)


def main() -> NoReturn:
    """Run the command line and exit: 0 for success, 1 for a failure, 2 for wrong usage, 130 when canceled."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    _quieten_libraries()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill leaves as little behind as Ctrl-C
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
    """Keep what libraries tell their developers off the screen of the person who runs a pipeline."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # the making of database tables
    logging.getLogger("azure.ai.ml._utils._experimental").setLevel(logging.ERROR)
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # each way to sign in that did not work
