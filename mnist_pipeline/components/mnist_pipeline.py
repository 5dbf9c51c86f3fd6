"""Stands in for the package inside a job, where only this snapshot is there and nothing is installed.

Azure ML starts a step with this folder alone on `sys.path`. So a job finds this file as `mnist_pipeline`, and
`__path__` makes it the package in the folder above. Outside a job nothing imports it.
"""

import sys
from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[1])]

from mnist_pipeline.mnist.errors import exit_with_one_sentence  # it needs __path__

sys.excepthook = exit_with_one_sentence
