"""How Sphinx builds the documentation: `make docs`."""

import importlib.metadata

from sphinx.ext.autodoc.mock import _MockObject

project = "mnist-pipeline"
author = "the mnist-pipeline contributors"
release = importlib.metadata.version("mnist-pipeline")

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
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# `make docs` checks every cross-reference (-n), but those to Python objects of other projects would need the network.
nitpick_ignore_regex = [(r"py:.*", r"(?!mnist_pipeline).*")]
