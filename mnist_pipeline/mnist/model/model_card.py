"""The card of a model: what it takes, what it gives, and how to ask it."""

from collections.abc import Sequence

_CARD = """\
# Image classifier

Classifies gray images of {height} x {width} pixels into {n_classes} classes.

- Input: uint8 of shape (n, {height}, {width}), light on black. Pixels go from 0 (black) to {pixel_max} (white).
- Output: float32 of shape (n, {n_classes}), the probability of each class.
- Classes, from 0 on: {names}.

Do not scale the pixels to 0..1. MLflow refuses such pixels in Python. Keras and the server behind `mlflow models serve`
cannot check them: they answer without a warning, and the answer means nothing.

```python
import mlflow

model = mlflow.pyfunc.load_model("this/folder")
model.predict(images)  # uint8, shape (n, {height}, {width})
```

MLflow refuses an array of another type or shape. It also takes a table with one image per row:

```python
import pandas

model.predict(pandas.DataFrame({{"image": list(images.reshape(len(images), -1))}}))
```

`serving_input_example.json` is what to send to `mlflow models serve -m this/folder`. Keras itself takes these images
too: `keras.saving.load_model("this/folder/data/model.keras").predict(images)`.
"""


def model_card(image_size: tuple[int, int], names: Sequence[str], pixel_max: float) -> str:
    """Return the card as Markdown.

    Args:
        image_size: Height and width in pixels.
        names: The name of each class.
        pixel_max: The value of a white pixel.
    """
    height, width = image_size
    return _CARD.format(height=height, width=width, n_classes=len(names), names=", ".join(names), pixel_max=pixel_max)
