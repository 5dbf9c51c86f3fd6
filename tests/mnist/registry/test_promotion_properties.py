"""What holds of every decision, whatever the evidence and the policy."""

import dataclasses
import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mnist_pipeline.errors import MetricsError
from mnist_pipeline.mnist.registry.promotion import CHAMPION_RULES, Evidence, Policy, decide

NAN = float("nan")
quickly = settings(derandomize=True, deadline=None, max_examples=100)

SHARES = st.sampled_from([step / 20 for step in range(21)]) | st.floats(0, 1)
LEVELS = st.sampled_from([1 / 32, 0.05, 0.125, 0.3, 0.5, 0.75, 0.95, 0.999])
LOSSES = st.sampled_from([0.0, 0.1, 0.3, 1.0, 2.5])
SETTINGS = {
    "min_accuracy": SHARES,
    "accuracy_confidence": st.just(0.0) | LEVELS,
    "min_class_recall": SHARES,
    "max_loss": LOSSES,
    "min_images": st.integers(0, 30),
    "champion": st.sampled_from(CHAMPION_RULES),
    "champion_margin": st.just(0.0) | SHARES,
    "mcnemar_level": st.just(0.0) | LEVELS,
}


def policy_of(values):
    """A policy of these values, but for those that its rule for the champion would ignore and that it refuses."""
    ignored = {"off": ("champion_margin", "mcnemar_level"), "better": ("champion_margin",)}.get(
        values.get("champion"), ()
    )
    return Policy(**values | dict.fromkeys(ignored, 0.0))


@st.composite
def policies(draw):
    """Policies that ask for a few things, so that many models are accepted and many are not."""
    asked = draw(st.sets(st.sampled_from(sorted(SETTINGS)), max_size=4))
    return policy_of({"min_accuracy": 0} | {name: draw(SETTINGS[name]) for name in sorted(asked)})


@dataclasses.dataclass(frozen=True)
class Case:
    """What two models make of the same labelled images."""

    labels: tuple[int, ...]
    predictions: tuple[int, ...]
    champions: tuple[int, ...]
    classes: int
    loss: float

    @property
    def evidence(self):
        return evidence_of(self.labels, self.predictions, self.classes, self.loss, "c" * 64)

    @property
    def champion(self):
        return evidence_of(self.labels, self.champions, self.classes, self.loss, "d" * 64)


@st.composite
def cases(draw):
    classes = draw(st.integers(1, 3))
    images = draw(st.integers(1, 25))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=images, max_size=images))

    def predictions():
        """Mostly right, since the policies of interest refuse the rest."""
        guesses = draw(st.lists(st.integers(0, 3 * classes), min_size=images, max_size=images))
        return tuple(guess if guess < classes else label for guess, label in zip(guesses, labels, strict=True))

    return Case(tuple(labels), predictions(), predictions(), classes, draw(LOSSES))


def evidence_of(labels, predictions, classes, loss, model):
    correct = tuple(label == prediction for label, prediction in zip(labels, predictions, strict=True))
    recalls = []
    for name in range(classes):
        of_class = [right for label, right in zip(labels, correct, strict=True) if label == name]
        recalls.append(sum(of_class) / len(of_class) if of_class else None)
    return Evidence(
        accuracy=sum(correct) / len(correct),
        loss=loss,
        recalls=tuple(recalls),
        correct=correct,
        digests={"test_data": "7e57" * 16, "model": model},
    )


def accepts(evidence, policy, champion):
    """Whether the evidence is accepted; evidence that lacks what is asked for is not."""
    try:
        return decide(evidence, policy, champion).accepted
    except MetricsError:
        return False


@quickly
@given(cases(), policies(), st.data())
def test_one_more_image_right_never_turns_a_pass_into_a_refusal(case, policy, data):
    wrong = [index for index, right in enumerate(case.evidence.correct) if not right]
    assume(wrong)
    index = data.draw(st.sampled_from(wrong), "image to get right")
    predictions = list(case.predictions)
    predictions[index] = case.labels[index]
    better = dataclasses.replace(case, predictions=tuple(predictions))

    for champion in (None, case.champion):
        assert accepts(better.evidence, policy, champion) >= accepts(case.evidence, policy, champion)


def tightness(name, policy):
    """A key by which values of a setting sort from loose to tight, with the rest of the policy as it is."""

    def key(value):
        if value == 0 and name not in ("min_accuracy", "champion_margin"):
            return -math.inf  # off
        if name == "champion":
            return ["off", "not_worse", "better"].index(value)
        if name in ("max_loss", "champion_margin") or (name == "mcnemar_level" and policy.champion == "better"):
            return -value
        return value

    return key


@pytest.mark.parametrize("name", SETTINGS)
def test_a_tighter_setting_never_turns_a_refusal_into_a_pass(name):
    @quickly
    @given(
        cases(), policies(), SETTINGS[name], SETTINGS[name], st.sets(st.sampled_from(["loss", "recalls", "correct"]))
    )
    def holds(case, policy, one, other, missing):
        loose, tight = sorted((one, other), key=tightness(name, policy))
        evidence = dataclasses.replace(case.evidence, **dict.fromkeys(missing))
        for champion in (None, case.champion):
            loosely = accepts(evidence, policy_of(dataclasses.asdict(policy) | {name: loose}), champion)
            tightly = accepts(evidence, policy_of(dataclasses.asdict(policy) | {name: tight}), champion)
            assert loosely >= tightly

    holds()


@quickly
@given(cases(), policies(), st.data())
def test_the_order_of_images_and_classes_does_not_matter(case, policy, data):
    order = data.draw(st.permutations(range(len(case.labels))), "order of the images")
    renamed = data.draw(st.permutations(range(case.classes)), "new labels of the classes")
    shuffled = dataclasses.replace(
        case,
        **{
            name: tuple(renamed[getattr(case, name)[index]] for index in order)
            for name in ("labels", "predictions", "champions")
        },
    )

    for champion, other_champion in ((None, None), (case.champion, shuffled.champion)):
        if policy.min_class_recall and None in case.evidence.recalls:
            assert not accepts(shuffled.evidence, policy, other_champion)
        else:
            assert decide(shuffled.evidence, policy, other_champion) == decide(case.evidence, policy, champion)


@quickly
@given(cases(), st.data())
def test_there_is_no_evidence_with_a_nan(case, data):
    evidence = case.evidence
    place = data.draw(st.sampled_from(["accuracy", "loss", "recalls", "correct", "digests"]), "what is NaN")
    value = getattr(evidence, place)
    if isinstance(value, tuple):
        index = data.draw(st.integers(0, len(value) - 1), "which of them")
        nonsense = (*value[:index], NAN, *value[index + 1 :])
    else:
        nonsense = NAN if not isinstance(value, dict) else value | {"model": NAN}

    with pytest.raises(MetricsError):
        dataclasses.replace(evidence, **{place: nonsense})


@quickly
@given(cases(), policies())
def test_what_a_check_says_of_required_and_observed_is_what_it_decides(case, policy):
    assume(not policy.min_class_recall or None not in case.evidence.recalls)

    for check in decide(case.evidence, policy, case.champion).checks:
        assert math.isfinite(check.required)
        assert math.isfinite(check.observed)
        if check.name == "max_loss":
            assert check.passed == (check.observed <= check.required)
        elif check.name == "better_than_champion":
            assert check.passed == (check.observed > check.required)
        elif check.name == "significantly_better":
            assert check.passed <= (check.observed <= check.required)
        elif check.name == "not_significantly_worse":
            assert check.passed >= (check.observed > check.required)
        else:
            assert check.passed == (check.observed >= check.required)


@quickly
@given(cases(), SHARES)
def test_not_worse_is_decided_without_a_rounding_error(case, margin):
    decision = decide(case.evidence, Policy(min_accuracy=0, champion_margin=margin), case.champion)

    images = len(case.labels)
    ours, theirs = (Fraction(sum(evidence.correct), images) for evidence in (case.evidence, case.champion))
    assert decision.accepted == (ours >= theirs - Fraction(str(margin)))
