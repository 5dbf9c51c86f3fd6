"""Settings become parameters, wherever a function's parameters are looked at."""

import inspect
import pydoc
from dataclasses import dataclass

import pytest
from mldesigner import Input

from mnist_pipeline.components import keras_train_component, register_model_component
from mnist_pipeline.components.takes import takes
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.settings import Settings, setting, settings_of


@dataclass(frozen=True)
class Baking(Settings):
    minutes: int = setting(30, "How long to bake.", min=1, max=120)
    heat: float = setting(180.0, "In degrees Celsius; " + "long enough to be wrapped over lines, " * 4 + "yes.")
    shelf: str = setting("middle", "Where in the oven.", choices=("top", "middle"))


@pytest.fixture
def baker():
    @takes(Baking)
    def bake(dough: Input(type="uri_folder"), **baking):
        """Bake bread.

        Args:
            dough: What to bake.
            **baking: How to bake it.

        Raises:
            OSError: the oven is cold.
        """
        return dough, Baking(**baking)

    return bake


def test_the_parameters_are_keyword_only_and_have_the_declared_defaults(baker):
    parameters = inspect.signature(baker).parameters

    assert list(parameters) == list(baker.__annotations__) == ["dough", "minutes", "heat", "shelf"]
    assert {name: parameters[name].default for name in ("minutes", "heat", "shelf")} == {
        "minutes": 30,
        "heat": 180.0,
        "shelf": "middle",
    }
    assert {parameters[name].kind for name in ("minutes", "heat", "shelf")} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_annotations_are_ports_with_type_range_and_help(baker):
    minutes, heat, shelf = (baker.__annotations__[name] for name in ("minutes", "heat", "shelf"))

    assert (minutes.type, minutes.min, minutes.max, minutes.description) == ("integer", 1, 120, "How long to bake.")
    assert (heat.type, heat.min, heat.max) == ("number", None, None)
    assert (shelf.type, shelf.enum) == ("string", ["top", "middle"])


def test_the_docstring_describes_them_in_place_of_the_collected_parameter(baker):
    lines = baker.__doc__.splitlines()

    assert lines[:4] == ["Bake bread.", "", "Args:", "    dough: What to bake."]
    assert lines[4] == "    minutes: How long to bake. It must be a whole number from 1 to 120."
    assert lines[5].startswith("    heat: In degrees Celsius; ")
    assert all(len(line) <= 110 for line in lines)
    assert lines[-4:] == [
        "    shelf: Where in the oven. It must be one of top, middle.",
        "",
        "Raises:",
        "    OSError: the oven is cold.",
    ]


def test_the_function_gets_what_it_is_called_with(baker):
    assert baker("rye", minutes=60) == ("rye", Baking(minutes=60))


@pytest.mark.parametrize(
    "function",
    [
        keras_train_component,
        register_model_component,
        image_classification_pipeline,
        train_evaluate_register_pipeline,
    ],
)
def test_help_shows_each_setting_with_default_and_range(function):
    shown = pydoc.plain(pydoc.render_doc(function))

    for one in function.settings:
        assert f"{one.name}: " in shown
        assert f"{one.default!r}" in shown
        assert f"It must be {one.range}." in " ".join(shown.split())
    assert "**" not in shown


@pytest.mark.parametrize("function", [keras_train_component, register_model_component])
def test_the_ports_of_a_component_are_described_by_the_help(function):
    for one in function.settings:
        assert function.component.inputs[one.name].description == one.help


@pytest.mark.parametrize("function", [image_classification_pipeline, train_evaluate_register_pipeline])
def test_the_inputs_of_a_pipeline_are_described_by_the_help_and_the_range(function):
    inputs = function._pipeline_builder.inputs

    for one in function.settings:
        assert inputs[one.name].description == f"{one.help} It must be {one.range}."


def test_settings_of_several_groups_keep_their_order():
    assert [one.name for one in settings_of(Baking, Baking)][2:4] == ["shelf", "minutes"]


def test_a_setting_is_not_taken_by_position():
    with pytest.raises(TypeError, match="too many positional arguments"):
        keras_train_component("data", "model", None, 3)
    with pytest.raises(TypeError, match="too many positional arguments"):
        image_classification_pipeline("data", 3)
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        Baking(60)
