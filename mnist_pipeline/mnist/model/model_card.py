"""The card of a model: what it takes, what it gives, and how to ask it."""

from collections.abc import Sequence

_CARD = """\
# Image classifier

Classifies gray images of {height} x {width} pixels into {n_classes} classes.

- Input: float32 of shape (n, {height}, {width}, 1), light on black. Pixels go from 0 (black) to {pixel_max} (white).
- Output: float32 of shape (n, {n_classes}), the probability of each class.
- Classes, from 0 on: {names}.

Do not scale the pixels. A model has no code that could check them: given pixels on another scale, MLflow and Keras
answer without a warning, and the answer means nothing.

```python
import mlflow

model = mlflow.pyfunc.load_model("this/folder")
model.predict(images[..., None].astype("float32"))  # images: shape (n, {height}, {width})
```

MLflow refuses an array of another type or shape. It converts a table with one image per row:

```python
import pandas

model.predict(pandas.DataFrame({{"image": list(images.reshape(len(images), -1))}}))
```

Over HTTP (`mlflow models serve -m this/folder`) whole numbers will do, as in `serving_input_example.json`.
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
