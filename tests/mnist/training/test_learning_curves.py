"""The picture of a training can be read without its colors."""

import numpy as np
from matplotlib.colors import to_rgb

from mnist_pipeline.mnist.training.learning_curves import learning_curves

HISTORY = {"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.5], "accuracy": [0.6, 0.7, 0.8], "val_accuracy": [0.5] * 3}


def brightness(color):
    return float(np.dot(to_rgb(color), [0.299, 0.587, 0.114]))


def test_each_plot_has_a_title_and_its_axes_are_named():
    loss, accuracy = learning_curves(HISTORY).axes

    assert (loss.get_title(), accuracy.get_title()) == ("Loss after each epoch", "Accuracy after each epoch")
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss, nats", "accuracy")
    assert loss.get_xlabel() == accuracy.get_xlabel() == "epoch"


def test_the_lines_differ_by_marker_dashes_and_brightness_and_hold_the_values():
    for axes, metric in zip(learning_curves(HISTORY).axes, ("loss", "accuracy"), strict=True):
        training, validation = axes.get_lines()

        assert list(training.get_ydata()) == HISTORY[metric]
        assert list(validation.get_ydata()) == HISTORY[f"val_{metric}"]
        assert training.get_marker() != validation.get_marker()
        assert training.get_linestyle() != validation.get_linestyle()
        assert abs(brightness(training.get_color()) - brightness(validation.get_color())) > 0.3


def test_without_validation_there_is_one_line():
    for axes in learning_curves({"loss": [2, 1], "accuracy": [0.1, 0.2]}).axes:
        assert [line.get_label() for line in axes.get_lines()] == ["training"]
