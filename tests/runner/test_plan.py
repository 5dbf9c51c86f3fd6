import pytest

from mnist_pipeline.errors import PlanError
from mnist_pipeline.runner.plan import OutputOf, Value

from .plans import node, plan


def test_nodes_come_in_an_order_in_which_they_can_run():
    made = plan(node("score", after=["prepare", "train"]), node("train", after=["prepare"]), node("prepare"))

    assert [one.name for one in made] == ["prepare", "train", "score"]


def test_a_circle_names_the_nodes_in_it():
    with pytest.raises(PlanError, match=r"a -> b|b -> a") as error:
        plan(node("a", after=["b"]), node("b", after=["a"]), node("c"))

    assert "break the circle" in str(error.value)


def test_a_node_that_reads_its_own_output_is_a_circle():
    with pytest.raises(PlanError, match="a -> a"):
        plan(node("a", after=["a"]))


def test_an_input_bound_to_an_unknown_node_is_refused():
    with pytest.raises(PlanError, match=r"input nobody of node a is bound to nobody.result"):
        plan(node("a", after=["nobody"]))


def test_an_input_bound_to_an_unknown_output_is_refused():
    with pytest.raises(PlanError, match=r"input x of node b is bound to a.other"):
        plan(node("a"), node("b", inputs={"x": OutputOf("a", "other")}))


def test_a_pipeline_output_bound_to_an_unknown_output_is_refused():
    with pytest.raises(PlanError, match=r"pipeline output model is bound to a.other"):
        plan(node("a"), outputs={"model": OutputOf("a", "other")})


def test_upstream_are_the_nodes_whose_outputs_are_read():
    assert node("c", after=["a", "b"], inputs={"n": Value(3)}).upstream == {"a", "b"}


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (3, "3"), (0.5, "0.5"), (1e-05, "1e-05"), ("True", "True")]
)
def test_a_value_has_the_text_that_mldesigner_reads(value, text):
    assert Value(value).text == text
