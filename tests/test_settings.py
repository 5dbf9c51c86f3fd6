from dataclasses import dataclass

import pytest

from mnist_pipeline.errors import SettingError
from mnist_pipeline.settings import (
    Range,
    Settings,
    check_input,
    read_settings,
    read_value,
    select,
    setting,
    settings_of,
)


@dataclass(frozen=True)
class Oven(Settings):
    heat_level: float = setting(0.5, "How hot.", min=0, max=1)
    grill: bool = setting(False, "Whether to grill.")


@dataclass(frozen=True)
class Timer(Settings):
    minutes: int = setting(30, "How long.", min=1)


def test_a_declaration_says_all_about_a_setting():
    (heat_level, grill), (minutes,) = settings_of(Oven), settings_of(Timer)

    assert (heat_level.name, heat_level.default, heat_level.help) == ("heat_level", 0.5, "How hot.")
    assert heat_level.range == Range("number", 0, 1)
    assert (grill.range, minutes.range) == (Range("boolean"), Range("integer", 1))
    assert heat_level.option == "--heat-level"
    assert settings_of(Oven, Timer) == (heat_level, grill, minutes)


@pytest.mark.parametrize(
    ("range_", "words"),
    [
        (Range("integer"), "a whole number"),
        (Range("integer", 1), "a whole number of at least 1"),
        (Range("number", max=0.5), "a number of at most 0.5"),
        (Range("number", 0, 0.99), "a number from 0 to 0.99"),
        (Range("boolean"), "true or false"),
        (Range("string"), "text"),
        (Range("string", 1), "text of at least 1 character"),
        (Range("string", 1, 20), "text of 1 to 20 characters"),
        (Range("string", 1, 20, pattern="[ab]*", characters="a and b"), "text of 1 to 20 characters: a and b"),
        (Range("string", choices=("a", "b")), "one of a, b"),
    ],
)
def test_a_range_is_said_in_words(range_, words):
    assert str(range_) == words


def test_a_group_is_checked_when_it_is_made():
    assert Oven(heat_level=1).heat_level == 1
    with pytest.raises(SettingError, match=r"^heat_level is 1\.5; it must be a number from 0 to 1\.$"):
        Oven(heat_level=1.5)
    with pytest.raises(SettingError, match=r"^grill is 1; it must be true or false\.$"):
        Oven(grill=1)


@dataclass(frozen=True)
class Label(Settings):
    initials: str = setting("ab", "Who baked it.", min=1, max=3, pattern="[a-c]+", characters="a, b and c")
    upper_case: bool = setting(False, "Whether to shout.")

    def check_together(self) -> None:
        if self.upper_case and self.initials == "c":
            raise SettingError("upper_case is True, but c has none.")


@pytest.mark.parametrize("text", ["", "abca", "d", "a d", "ab\n"])
def test_a_text_of_other_characters_or_length_is_refused(text):
    with pytest.raises(SettingError) as refused:
        Label(initials=text)

    assert str(refused.value) == f"initials is {text!r}; it must be text of 1 to 3 characters: a, b and c."


def test_a_group_may_check_its_values_together():
    assert Label(upper_case=True).upper_case
    with pytest.raises(SettingError, match=r"^upper_case is True, but c has none\.$"):
        Label(initials="c", upper_case=True)


def test_a_group_is_read_from_the_texts_of_its_settings_and_no_others():
    texts = {"heat_level": "0.25", "grill": "True", "minutes": "many"}

    assert read_settings(Oven, texts) == Oven(heat_level=0.25, grill=True)
    with pytest.raises(SettingError, match=r"^minutes is 'many'; it must be a whole number of at least 1\.$"):
        read_settings(Timer, texts)


def test_the_values_of_some_groups_are_selected_from_all():
    values = {"heat_level": 0.25, "minutes": 3, "grill": True, "more": "x"}

    assert select(values, Timer) == {"minutes": 3}
    assert select(values, Oven, Timer) == {"heat_level": 0.25, "grill": True, "minutes": 3}


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("3.0", 3)])
def test_a_whole_number_is_read_as_azure_may_write_it(text, value):
    assert read_value("minutes", text, Range("integer", 1)) == value


@pytest.mark.parametrize("text", ["3.5", "", "1e3", "true"])
def test_other_texts_are_no_whole_number(text):
    with pytest.raises(SettingError, match="minutes is "):
        read_value("minutes", text, Range("integer", 1))


def test_the_sdk_may_hold_a_number_as_text():
    check_input("minutes", "10", Range("integer", 1))
    check_input("minutes", 10, Range("integer", 1))
    with pytest.raises(SettingError, match=r"^minutes is 0; it must be a whole number of at least 1\.$"):
        check_input("minutes", "0", Range("integer", 1))
