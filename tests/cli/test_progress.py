import re
from pathlib import Path

import pytest
from idx_data import write_patterned_idx
from terminal import terminal

from mnist_pipeline.cli.progress import follow
from mnist_pipeline.mnist.training.epoch_line import epoch_line
from mnist_pipeline.runner import NodeChanged, NodePrinted, NodeRun, Status

WIDTHS = [60, 80, 110, 132]
METRICS = {"accuracy": 0.9281, "loss": 0.2191, "val_accuracy": 0.8812, "val_loss": 0.3837}
PROGRAM = """
import sys
from pathlib import Path
from mnist_pipeline.cli.progress import follow
from mnist_pipeline.runner import NodeChanged, NodePrinted, NodeRun, Status

def changed(name, status, duration=0.0):
    display.show(NodeChanged(NodeRun(name, Status(status), {}, Path("log.txt"), duration)))

with follow(nodes_print=False) as display:
    display.say("loading Azure's SDK")
    input()
    changed("prepare_data_node", "Running")
    changed("prepare_data_node", "Completed")
    changed("train_node", "Running")
    for line in sys.argv[1:]:
        input()
        display.show(NodePrinted("train_node", line))
    input()
    changed("train_node", "Failed")
"""


def changed(status, duration=0.0):
    return NodeChanged(NodeRun("train_node", status, {}, Path("train_node.log"), duration, ""))


EVENTS = [
    changed(Status.RUNNING),
    NodePrinted("train_node", "network small: 207,114 parameters"),
    NodePrinted("train_node", epoch_line(1, 2, {"loss": 0.5}, 3.0)),
    NodePrinted("train_node", epoch_line(2, 2, {"loss": 0.25}, 3.0)),
    changed(Status.COMPLETED, 6.5),
]


def without_clock(text):
    return [line.split("  ", 1)[1] for line in text.splitlines()]


def test_elsewhere_than_on_a_terminal_states_and_epochs_are_lines(capsys):
    with follow(nodes_print=False) as display:
        display.say("loading Azure's SDK")
        for event in EVENTS:
            display.show(event)

    assert without_clock(capsys.readouterr().out) == [
        "loading Azure's SDK",
        "train_node  Running",
        "train_node  epoch 1/2  loss 0.5000  (3.0 s)",
        "train_node  epoch 2/2  loss 0.2500  (3.0 s)",
        "train_node  Completed in 6.5 s",
    ]


def test_what_the_nodes_print_themselves_is_not_repeated(capsys):
    with follow(nodes_print=True) as display:
        for event in EVENTS:
            display.show(event)

    assert without_clock(capsys.readouterr().out) == ["train_node  Running", "train_node  Completed in 6.5 s"]


def test_the_lines_can_go_to_standard_error(capsys):
    with follow(nodes_print=False, stderr=True) as display:
        display.say("loading Azure's SDK")
        display.show(EVENTS[0])

    out, err = capsys.readouterr()
    assert out == ""
    assert without_clock(err) == ["loading Azure's SDK", "train_node  Running"]


@pytest.mark.parametrize("columns", WIDTHS)
def test_on_a_terminal_of_any_width_a_row_shows_state_epoch_numbers_and_clock(columns, tmp_path):
    epochs = [epoch_line(epoch, 10, METRICS, 4.2) for epoch in (9, 10)]
    with terminal(["-c", PROGRAM, *epochs], columns, tmp_path) as screen:

        def go_on_until(text):
            screen.press_enter()
            return screen.wait_for(lambda lines: any(text in line for line in lines))

        (start,) = screen.wait_for(lambda lines: bool(lines))
        assert re.fullmatch(r"\S start ━+ loading Azure's SDK +\d:\d\d", start)
        prepare, train = go_on_until("train_node")
        assert re.fullmatch(r"  prepare_data_node ━+ ✓ Completed +\d:\d\d", prepare)
        assert re.fullmatch(r"\S train_node        ━+ Running +\d:\d\d", train)
        for epoch in (9, 10):
            prepare, train = go_on_until(f"epoch {epoch}/10")
            row = re.fullmatch(r"\S train_node {8}(?P<bar>[━╸╺ ]{4,}) (?P<message>epoch .*\S) +\d:\d\d", train)
            assert row, train
            shown = "  ".join(row["message"].split("  "))
            assert epochs[epoch - 9].startswith(shown), "whole parts of the message, from its start"
            assert "accuracy 0.9281" in shown
            assert ("loss 0.2191" in shown) == (columns >= 80)
            assert ("val_loss 0.3837" in shown) == (columns >= 110)
            assert "✓ Completed" in prepare
        last = go_on_until("Failed")
        assert re.fullmatch(r"  train_node        ━+ ✗ Failed +\d:\d\d", last[1])
        assert screen.wait_for_end() == 0
        assert len(screen.lines) == 2, "a row for each node and nothing else"


def relative_luminance(color):
    """As WCAG 2.1 defines it."""
    channels = (int(color[start : start + 2], 16) / 255 for start in (0, 2, 4))
    linear = (channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels)
    return sum(share * channel for share, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_color_can_be_read_on_a_dark_and_on_a_light_background(tmp_path):
    with terminal(["-c", PROGRAM, epoch_line(1, 3, METRICS, 4.2)], 132, tmp_path) as screen:
        colors = set()
        for text in ("start", "Running", "epoch 1/3", "Failed"):
            lines = screen.wait_for(lambda lines, text=text: any(text in line for line in lines))
            colors |= {color for line in range(len(lines)) for color in screen.colors(line)}
            screen.press_enter()

    assert len(colors) > 4, colors
    for color in colors - {"default"}:
        luminance = relative_luminance(color)
        assert (luminance + 0.05) / 0.05 >= 3, f"{color} on black"
        assert 1.05 / (luminance + 0.05) >= 3, f"{color} on white"


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(tmp_path):
    with terminal(["-c", PROGRAM], 80, tmp_path, TERM="dumb") as screen:
        screen.press_enter()
        screen.press_enter()
        assert screen.wait_for_end() == 0

    assert [line.split("  ", 1)[1] for line in screen.lines if "  " in line] == [
        "loading Azure's SDK",
        "prepare_data_node  Running",
        "prepare_data_node  Completed",
        "train_node  Running",
        "train_node  Failed",
    ]


@pytest.mark.slow
def test_a_run_shows_its_bars_in_each_width_while_it_trains_and_when_it_has_ended(tmp_path):
    write_patterned_idx(tmp_path / "data", 8, 8, 2, n_train=400, n_test=40)
    arguments = ["-m", "mnist_pipeline", "run", "--data", "data", "--epochs", "2"]
    with terminal(arguments, WIDTHS[0], tmp_path) as screen:
        first, *_ = screen.wait_for(lambda lines: bool(lines))
        assert re.match(r"\S start ━+ loading Azure's SDK +0:00", first), first
        for columns in WIDTHS:
            screen.resize(columns)
            row = re.compile(r"\S train_node {8}[━╸╺ ]{4,} epoch [12]/2  accuracy \d\.\d{4}.* \d:\d\d")
            lines = screen.wait_for(
                lambda lines, row=row, columns=columns: (
                    len(lines) == 2
                    and row.fullmatch(lines[1]) is not None
                    and ("val_loss" in lines[1]) == (columns >= 110)
                )
            )
            assert re.fullmatch(r"  prepare_data_node ━+ ✓ Completed +\d:\d\d", lines[0])
        assert screen.wait_for_end() == 0

    nodes = ["prepare_data_node", "train_node", "score_node", "register_node"]
    for node, line in zip(nodes, screen.lines, strict=False):
        assert re.fullmatch(rf"  {node} +━+ ✓ Completed +\d:\d\d", line)
    assert screen.lines[4] == ""
    assert screen.lines[5].startswith("accuracy  ")
