from pathlib import Path

import pytest

from mnist_pipeline.cli.progress import follow
from mnist_pipeline.mnist.training.epoch_line import epoch_line
from mnist_pipeline.runner import NodeChanged, NodePrinted, NodeRun, Status


def changed(status, duration=0.0):
    return NodeChanged(NodeRun("train_node", status, {}, Path("train_node.log"), duration, ""))


EVENTS = [
    changed(Status.RUNNING),
    NodePrinted("train_node", "network small: 207,114 parameters"),
    NodePrinted("train_node", epoch_line(1, 2, {"loss": 0.5}, 3.0)),
    NodePrinted("train_node", epoch_line(2, 2, {"loss": 0.25}, 3.0)),
    changed(Status.COMPLETED, 6.5),
]


@pytest.fixture
def terminal(monkeypatch):
    """Let rich believe that it draws on a wide terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")


def test_elsewhere_than_on_a_terminal_states_and_epochs_are_lines(capsys):
    with follow(live=True) as show:
        for event in EVENTS:
            show(event)

    lines = [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "train_node  Running",
        "train_node  epoch 1/2  loss 0.5000  (3.0 s)",
        "train_node  epoch 2/2  loss 0.2500  (3.0 s)",
        "train_node  Completed in 6.5 s",
    ]


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_bar_shows_the_last_epoch_and_then_the_state(capsys):
    with follow(live=True) as show:
        for event in EVENTS[:-1]:
            show(event)
    before_the_end = capsys.readouterr().out
    with follow(live=True) as show:
        for event in EVENTS:
            show(event)

    assert "epoch 2/2  loss 0.2500  (3.0 s)" in before_the_end
    assert "Completed" in capsys.readouterr().out


@pytest.mark.usefixtures("terminal")
def test_brackets_in_an_epoch_line_are_shown_as_they_are(capsys):
    with follow(live=True) as show:
        show(changed(Status.RUNNING))
        show(NodePrinted("train_node", "epoch 1/2  [/loss] 0.5"))

    assert "epoch 1/2  [/loss] 0.5" in capsys.readouterr().out
