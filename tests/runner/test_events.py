import pytest

from mnist_pipeline.mnist.training.epoch_line import epoch_line
from mnist_pipeline.runner import NodePrinted


@pytest.mark.parametrize(("epoch", "epochs"), [(1, 1), (7, 10), (100, 1000)])
@pytest.mark.parametrize("metrics", [{}, {"loss": float("nan"), "accuracy": 0.5}])
def test_the_line_that_training_prints_tells_the_epoch(epoch, epochs, metrics):
    assert NodePrinted("train", epoch_line(epoch, epochs, metrics, 0.04)).epoch == (epoch, epochs)


@pytest.mark.parametrize(
    "line", ["", "epoch", "epoch 3", "epoch x/10  loss 0.1", "the epoch 3/10  loss 0.1", "Epoch 1/2"]
)
def test_other_lines_are_not_about_an_epoch(line):
    assert NodePrinted("train", line).epoch is None
