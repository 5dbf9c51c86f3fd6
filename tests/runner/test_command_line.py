import shlex
import subprocess
from pathlib import Path

import pytest

from mnist_pipeline.errors import PlanError
from mnist_pipeline.runner.command_line import render

AWKWARD = Path('/data/Ada\'s `$HOME` "texts" \\ more')


def words_in_shell(line):
    """What a shell makes of a command line's words."""
    printed = subprocess.run(f"printf '%s\\n' {line}", shell=True, executable="bash", capture_output=True, text=True)
    return printed.stdout.splitlines()


def test_placeholders_of_inputs_and_outputs_are_filled():
    line = render("run ${{inputs.a}} --to ${{ outputs.b }}", {"a": "3"}, {"b": Path("/out")})

    assert line == "run 3 --to /out"


def test_the_path_of_a_placeholder_is_the_placeholder():
    assert render("run ${{inputs.a.path}}", {"a": Path("/in")}, {}) == "run /in"


def test_an_optional_part_is_kept_when_its_input_is_set():
    assert render("run $[[--a ${{inputs.a}}]] end", {"a": "3"}, {}) == "run --a 3 end"


def test_an_optional_part_is_dropped_when_its_input_is_not_set():
    assert render("run $[[--a ${{inputs.a}}]] end", {}, {}) == "run  end"


def test_an_optional_part_with_two_inputs_needs_both():
    command = "run $[[--both ${{inputs.a}} ${{inputs.b}}]]"

    assert render(command, {"a": "1"}, {}) == "run "
    assert render(command, {"a": "1", "b": "2"}, {}) == "run --both 1 2"


@pytest.mark.parametrize("quote", ["", "'", '"'], ids=["bare", "single quotes", "double quotes"])
def test_a_path_arrives_as_one_word_whatever_is_in_its_name(quote):
    line = render(
        f"{quote}${{{{inputs.a}}}}/file{quote} {quote}${{{{outputs.b}}}}{quote}", {"a": AWKWARD}, {"b": AWKWARD}
    )

    assert words_in_shell(line) == [f"{AWKWARD}/file", str(AWKWARD)]
    assert shlex.split(line) == [f"{AWKWARD}/file", str(AWKWARD)]


def test_a_value_outside_quotes_goes_in_as_it_is():
    assert render("run ${{inputs.flags}}", {"flags": "--x 1 --y 2"}, {}) == "run --x 1 --y 2"


def test_a_value_with_spaces_stays_one_word_inside_quotes():
    assert words_in_shell(render("a='${{inputs.a}}'", {"a": "two words"}, {})) == ["a=two words"]


@pytest.mark.parametrize(
    ("command", "value"),
    [
        ("a='${{inputs.a}}'", "it's"),
        ('a="${{inputs.a}}"', 'say "so"'),
        ('a="${{inputs.a}}"', "$HOME"),
        ('a="${{inputs.a}}"', "`date`"),
        ('a="${{inputs.a}}"', "ends with \\"),
    ],
)
def test_a_value_that_would_break_its_quotes_is_refused(command, value):
    with pytest.raises(PlanError, match=r"input a is .* would break the quotes"):
        render(command, {"a": value}, {})


def test_the_other_quotation_mark_breaks_nothing():
    assert words_in_shell(render("a=\"${{inputs.a}}\" b='${{inputs.b}}'", {"a": "it's", "b": '"so"'}, {})) == [
        "a=it's",
        'b="so"',
    ]


@pytest.mark.parametrize("command", ["run ${{inputs.nobody}}", "run ${{outputs.nobody}}"])
def test_a_placeholder_without_a_value_is_refused(command):
    with pytest.raises(PlanError, match=r"nobody.* is not set; give it a value"):
        render(command, {}, {})


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again():
    assert render("run '${{inputs.a}}'", {"a": "${{inputs.b}}", "b": "x"}, {}) == "run '${{inputs.b}}'"
