"""How Sphinx builds the documentation: `make docs`."""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import _MockObject

from mnist_pipeline import __version__

project = "mnist-pipeline"
author = "the mnist-pipeline contributors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"

myst_heading_anchors = 3

# The reference is made from the docstrings. Nothing is computed for it, so slow libraries are not imported.
autodoc_mock_imports = ["tensorflow", "keras", "onnxruntime", "mlflow", "matplotlib"]
_MockObject.__or__ = lambda self, _: self  # for type hints such as `tf.Tensor | None`
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# `make docs` checks every cross-reference (-n), but those to Python objects of other projects would need the network.
nitpick_ignore = [("py:class", "mnist_pipeline.components.both_ways.Component")]  # a type variable has no page
nitpick_ignore_regex = [(r"py:.*", r"(?!mnist_pipeline).*")]


def name_ports(*event: Any) -> tuple[str | None, str | None]:
    """Write `Input` or `Output` for a port in the signature of a component or a pipeline, where it is an object."""
    *_, signature, returns = event
    if signature is not None:
        signature = re.sub(r"<mldesigner\._input_output\.(\w+) object at \w+>", r"\1", signature)
        signature = re.sub(r"\{'type': 'uri_folder'[^}]*\}", "Input", signature)
    return signature, returns


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", name_ports)
