import pytest

from mnist_pipeline.mnist.training.epoch_line import epoch_line, read_epoch_line


def test_the_line_of_an_epoch_has_its_metrics_and_its_time():
    metrics = {"loss": 0.21914, "accuracy": 0.928, "val_loss": 12.5, "val_accuracy": 1.0}

    line = epoch_line(3, 10, metrics, 4.24)

    assert line == "epoch 3/10  loss 0.2191  accuracy 0.9280  val_loss 12.5000  val_accuracy 1.0000  (4.2 s)"


@pytest.mark.parametrize(("epoch", "epochs"), [(1, 1), (7, 10), (100, 1000)])
@pytest.mark.parametrize("metrics", [{}, {"loss": float("nan"), "accuracy": 0.5}])
def test_what_is_written_is_read_again(epoch, epochs, metrics):
    assert read_epoch_line(epoch_line(epoch, epochs, metrics, 0.04)) == (epoch, epochs)


@pytest.mark.parametrize(
    "line", ["", "epoch", "epoch 3", "epoch x/10  loss 0.1", "the epoch 3/10  loss 0.1", "Epoch 1/2"]
)
def test_other_lines_are_not_about_an_epoch(line):
    assert read_epoch_line(line) is None
