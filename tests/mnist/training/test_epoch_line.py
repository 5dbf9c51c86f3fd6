from mnist_pipeline.mnist.training.epoch_line import epoch_line


def test_the_line_of_an_epoch_has_its_metrics_and_its_time():
    metrics = {"loss": 0.21914, "accuracy": 0.928, "val_loss": 12.5, "val_accuracy": 1.0}

    line = epoch_line(3, 10, metrics, 4.24)

    assert line == "epoch 3/10  loss 0.2191  accuracy 0.9280  val_loss 12.5000  val_accuracy 1.0000  (4.2 s)"
