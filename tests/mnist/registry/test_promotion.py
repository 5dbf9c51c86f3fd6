import dataclasses
import math
import re
import sys
from statistics import NormalDist

import pytest

from mnist_pipeline.errors import MetricsError, SettingError
from mnist_pipeline.mnist.registry.promotion import (
    BETTER,
    NOT_WORSE,
    OFF,
    CheckResult,
    Comparison,
    Decision,
    Evidence,
    Policy,
    decide,
)

NAN = float("nan")
NO_NUMBERS = [NAN, math.inf, -math.inf, True, False, "0.5", [0.5], 1j, 10**400]
NO_SHARES = [*NO_NUMBERS, -1e-9, 1.0000001]
TEST_DATA = "7e57" * 16


def scored(right, images, model="c" * 64):
    """Evidence of a model that has the first `right` of so many images right, all of one class."""
    return Evidence(
        accuracy=right / images,
        loss=0.5,
        recalls=(right / images,),
        correct=(True,) * right + (False,) * (images - right),
        digests={"test_data": TEST_DATA, "model": model},
    )


def duel(both=0, only_challenger=0, only_champion=0, neither=0):
    """Evidence of a challenger and of a champion, by how many images which of them has right."""
    ours = (True,) * (both + only_challenger) + (False,) * (only_champion + neither)
    theirs = (True,) * both + (False,) * only_challenger + (True,) * only_champion + (False,) * neither
    challenger, champion = (
        Evidence(
            accuracy=sum(correct) / len(correct), correct=correct, digests={"test_data": TEST_DATA, "model": model}
        )
        for correct, model in ((ours, "c" * 64), (theirs, "d" * 64))
    )
    return challenger, champion


def duel_with(policy, **counts):
    """The arguments of `decide` for a duel."""
    challenger, champion = duel(**counts)
    return challenger, policy, champion


def sentence(text):
    """The whole of an error's message as a pattern."""
    return f"^{re.escape(text)}$"


# What a policy may ask for


def test_by_default_a_model_needs_80_percent_and_must_not_be_worse_than_the_champion():
    assert Policy() == Policy(
        min_accuracy=0.8,
        accuracy_confidence=0.0,
        min_class_recall=0.0,
        max_loss=0.0,
        min_images=0,
        champion="not_worse",
        champion_margin=0.0,
        mcnemar_level=0.0,
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("min_accuracy", [0, 0.0, 0.5, 1, 1.0]),
        ("accuracy_confidence", [0, 1e-9, 0.5, 0.95, 0.999999]),
        ("min_class_recall", [0, 0.0, 0.5, 1, 1.0]),
        ("max_loss", [0, 0.0, 0.5, 3, sys.float_info.max]),
        ("min_images", [0, 1, 2, 10**6]),
        ("champion", ["better", "not_worse", "off"]),
        ("champion_margin", [0, 0.0, 0.5, 1, 1.0]),
        ("mcnemar_level", [0, 1e-9, 0.05, 0.5, 0.999999]),
    ],
)
def test_what_a_policy_may_ask_for(name, values):
    for value in values:
        assert getattr(Policy(**{name: value}), name) == value


SHARE, INNER_SHARE = "a number from 0 to 1", "a number from 0 to 0.999999"


@pytest.mark.parametrize(
    ("name", "values", "must_be"),
    [
        ("min_accuracy", [*NO_SHARES, None], SHARE),
        ("accuracy_confidence", [*NO_SHARES, None, 1, 0.9999991], INNER_SHARE),
        ("min_class_recall", [*NO_SHARES, None], SHARE),
        ("max_loss", [*NO_NUMBERS, None, -1e-9], "a number of at least 0"),
        ("min_images", [*NO_NUMBERS, None, -1, 0.5, 1.0, 10000.0], "a whole number of at least 0"),
        ("champion", ["best", "", "OFF", None, True, NAN, 1, ["off"]], "one of better, not_worse, off"),
        ("champion_margin", [*NO_SHARES, None], SHARE),
        ("mcnemar_level", [*NO_SHARES, None, 1, 0.9999991], INNER_SHARE),
    ],
)
def test_what_no_policy_can_ask_for_is_refused_with_what_it_must_be(name, values, must_be):
    for value in values:
        with pytest.raises(SettingError, match=sentence(f"{name} is {value!r}; it must be {must_be}.")):
            Policy(**{name: value})


# What evidence can say


@pytest.mark.parametrize("accuracy", [*NO_SHARES, None])
def test_there_is_no_evidence_with_an_accuracy_that_is_no_share(accuracy):
    finding = f"the accuracy is {accuracy!r}, not a number from 0 to 1; score the model again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(accuracy)


@pytest.mark.parametrize("loss", [*NO_NUMBERS, -1e-9])
def test_there_is_no_evidence_with_a_loss_that_is_no_loss(loss):
    finding = f"the loss is {loss!r}, not a number of at least 0; a network that diverged must be trained again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(0.9, loss=loss)


@pytest.mark.parametrize("recall", NO_SHARES)
def test_there_is_no_evidence_with_a_recall_that_is_no_share(recall):
    finding = f"the recall of class 2 is {recall!r}, not a number from 0 to 1; score the model again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(0.9, recalls=(0.9, None, recall))


@pytest.mark.parametrize("recalls", [0.9, NAN, True, False, 0, "", "0.9", [0.9], [], {0.9: 0.9}])
def test_there_is_no_evidence_with_recalls_that_are_not_one_for_each_class(recalls):
    finding = f"the recalls are {recalls!r}, not one for each class; score the model again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(0.9, recalls=recalls)


@pytest.mark.parametrize(
    "correct", [1.0, NAN, True, False, 0, "1", [True], (1,), (1.0,), (NAN,), ("1",), (None,), (True, 1), (2, 0)]
)
def test_there_is_no_evidence_with_predictions_that_are_neither_correct_nor_wrong(correct):
    finding = "the predictions are not marked true or false, one for each image; score the model again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(1.0, correct=correct)


@pytest.mark.parametrize("accuracy", [0, 0.5, 0.7499999999999999, 0.7500000000000001, 1])
def test_there_is_no_evidence_with_an_accuracy_that_does_not_follow_from_the_predictions(accuracy):
    finding = f"the accuracy is {accuracy}, but 3 of 4 predictions are correct; score the model again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(accuracy, correct=(True, True, True, False))


def test_there_is_no_evidence_with_an_accuracy_on_no_images():
    with pytest.raises(MetricsError, match=r"^the accuracy is 1\.0, but 0 of 0 predictions are correct; score"):
        Evidence(1.0, correct=())


@pytest.mark.parametrize("digests", [None, "ab", ["ab"], True, {"model": 1}, {"model": "ab", "test_data": NAN}])
def test_there_is_no_evidence_with_digests_that_are_no_text(digests):
    finding = f"the digests are {digests!r}, not a text for each name; score the model again."
    with pytest.raises(MetricsError, match=sentence(finding)):
        Evidence(0.9, digests=digests)


def test_least_evidence_is_an_accuracy():
    assert Evidence(0.9) == Evidence(accuracy=0.9, loss=None, recalls=None, correct=None, digests={})


# A decision


def test_a_decision_without_checks_accepts_nothing():
    assert not Decision(()).accepted


@pytest.mark.parametrize(
    ("outcomes", "accepted"),
    [([True], True), ([True, True], True), ([False], False), ([True, False], False), ([False, True], False)],
)
def test_a_decision_accepts_when_every_check_passed(outcomes, accepted):
    assert Decision(tuple(CheckResult("one", 0.5, 0.6, passed) for passed in outcomes)).accepted is accepted


def test_evidence_and_policy_make_a_decision_with_all_its_checks_in_order():
    challenger, champion = duel(both=7, only_challenger=1, neither=2)
    challenger = dataclasses.replace(challenger, loss=0.25, recalls=(0.75, 1.0))
    policy = Policy(
        min_accuracy=0.7, min_class_recall=0.6, max_loss=0.3, min_images=5, champion=BETTER, mcnemar_level=0.05
    )

    assert decide(challenger, policy, champion) == Decision(
        (
            CheckResult("min_accuracy", required=0.7, observed=0.8, passed=True),
            CheckResult("min_class_recall", required=0.6, observed=0.75, passed=True),
            CheckResult("max_loss", required=0.3, observed=0.25, passed=True),
            CheckResult("min_images", required=5, observed=10, passed=True),
            CheckResult("better_than_champion", required=0.7, observed=0.8, passed=True),
            CheckResult("significantly_better", required=0.05, observed=1.0, passed=False),
        ),
        Comparison(champion_accuracy=0.7, only_challenger=1, only_champion=0, p_value=1.0),
    )


# Accuracy


@pytest.mark.parametrize(
    ("accuracy", "passed"),
    [(0.8, True), (0.8000000000000002, True), (1.0, True), (1, True), (0.7999999999999999, False), (0.0, False)],
)
def test_a_model_is_accepted_from_the_least_accuracy_on(accuracy, passed):
    decision = decide(Evidence(accuracy), Policy(min_accuracy=0.8))

    assert decision == Decision((CheckResult("min_accuracy", required=0.8, observed=accuracy, passed=passed),), None)
    assert decision.accepted is passed


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0])
def test_the_ends_of_the_range_can_be_required_and_reached(share):
    assert decide(Evidence(share), Policy(min_accuracy=share)).accepted


def test_a_decimal_accuracy_is_reached_by_as_many_images():
    for images in (10, 100):
        for right in range(1, images + 1):
            assert decide(scored(right, images), Policy(min_accuracy=float(f"{right / images:.3f}"))).accepted
            assert not decide(scored(right - 1, images), Policy(min_accuracy=float(f"{right / images:.3f}"))).accepted


def wilson_lower_bound(right, images, confidence):
    """E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209-212, solved for the lower bound."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / images
    centre = share + z**2 / (2 * images)
    spread = z * math.sqrt(share * (1 - share) / images + z**2 / (4 * images**2))
    return (centre - spread) / (1 + z**2 / images)


@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.8, 0.95, 0.999])
@pytest.mark.parametrize(
    ("right", "images"), [(0, 1), (1, 1), (1, 2), (5, 10), (9, 10), (10, 10), (93, 100), (9123, 10000)]
)
def test_with_a_confidence_the_lower_bound_is_wilsons(right, images, confidence):
    decision = decide(scored(right, images), Policy(min_accuracy=0, accuracy_confidence=confidence))

    (check,) = decision.checks
    assert check.observed == pytest.approx(wilson_lower_bound(right, images, confidence), rel=1e-9, abs=1e-12)
    assert (check.name, check.required, check.passed) == ("min_accuracy_lower_bound", 0, True)


@pytest.mark.parametrize(
    ("right", "images", "bound"), [(81, 263, 0.2553), (15, 148, 0.0624), (0, 20, 0.0), (1, 29, 0.0061)]
)
def test_the_lower_bound_is_that_of_newcombes_table(right, images, bound):
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3, at 95 percent."""
    decision = decide(scored(right, images), Policy(accuracy_confidence=0.95))

    assert decision.checks[0].observed == pytest.approx(bound, abs=5e-5)


def test_with_a_confidence_the_lower_bound_must_reach_the_least_accuracy():
    evidence = scored(9, 10)
    bound = decide(evidence, Policy(accuracy_confidence=0.95)).checks[0].observed

    assert 0 < bound < 0.9
    for required, passed in (
        (math.nextafter(bound, 0), True),
        (bound, True),
        (math.nextafter(bound, 1), False),
        (0.9, False),
    ):
        decision = decide(evidence, Policy(min_accuracy=required, accuracy_confidence=0.95))
        assert decision.checks == (CheckResult("min_accuracy_lower_bound", required, bound, passed),)
        assert decision.accepted is passed


def test_at_the_greatest_confidence_there_still_is_a_bound():
    (check,) = decide(scored(10, 10), Policy(accuracy_confidence=0.999999)).checks

    assert 0.2 < check.observed < 0.4


def test_a_confidence_needs_the_prediction_of_each_image():
    finding = (
        "the scoring results lack the prediction of each image, but accuracy_confidence asks for it; nothing was "
        "registered; give a folder with metrics.json, predict_result.csv and labels.csv."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(Evidence(0.9), Policy(accuracy_confidence=0.95))


# Recall, loss, images


@pytest.mark.parametrize(
    ("recalls", "worst", "passed"),
    [
        ((0.7,), 0.7, True),
        ((0.9, 0.7, 0.8), 0.7, True),
        ((0.9, 0.7000000000000001), 0.7000000000000001, True),
        ((1.0, 1), 1, True),
        ((0.6999999999999999, 0.9), 0.6999999999999999, False),
        ((0.9, 0.0), 0.0, False),
    ],
)
def test_every_class_must_reach_the_least_recall(recalls, worst, passed):
    decision = decide(Evidence(0.9, recalls=recalls), Policy(min_class_recall=0.7))

    assert decision.checks[1:] == (CheckResult("min_class_recall", 0.7, worst, passed),)
    assert decision.accepted is passed


def test_0_switches_a_requirement_off():
    policy = Policy(accuracy_confidence=0, min_class_recall=0, max_loss=0, min_images=0, mcnemar_level=0)

    assert [check.name for check in decide(Evidence(0.9), policy).checks] == ["min_accuracy"]


@pytest.mark.parametrize("recalls", [None, ()])
def test_a_least_recall_needs_the_recall_of_each_class(recalls):
    finding = (
        "the scoring results lack the recall of each class, but min_class_recall asks for it; nothing was registered; "
        "give a folder with metrics.json, predict_result.csv and labels.csv."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(Evidence(0.9, recalls=recalls), Policy(min_class_recall=0.1))


@pytest.mark.parametrize(("recalls", "label"), [((None, 1.0), 0), ((1.0, None, None), 1), ((1.0, 1.0, None), 2)])
def test_a_least_recall_needs_images_of_each_class(recalls, label):
    finding = (
        f"class {label} has no test images and so no recall, but min_class_recall asks for one; nothing was "
        "registered; score the model on images of every class."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(Evidence(0.9, recalls=recalls), Policy(min_class_recall=0.1))


def test_a_class_without_images_does_not_matter_where_no_recall_is_asked_for():
    assert decide(Evidence(0.9, recalls=(None, 0.9)), Policy()).accepted


@pytest.mark.parametrize(
    ("loss", "passed"),
    [
        (0.3, True),
        (0.29999999999999993, True),
        (0, True),
        (0.30000000000000004, False),
        (3, False),
        (sys.float_info.max, False),
    ],
)
def test_a_model_is_accepted_up_to_the_greatest_loss(loss, passed):
    decision = decide(Evidence(0.9, loss=loss), Policy(max_loss=0.3))

    assert decision.checks[1:] == (CheckResult("max_loss", 0.3, loss, passed),)
    assert decision.accepted is passed


def test_a_greatest_loss_needs_the_loss():
    finding = (
        "the scoring results lack the loss, but max_loss asks for it; nothing was registered; give a folder with "
        "metrics.json, predict_result.csv and labels.csv."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(Evidence(0.9), Policy(max_loss=sys.float_info.max))


@pytest.mark.parametrize(("min_images", "passed"), [(1, True), (9, True), (10, True), (11, False), (10**6, False)])
def test_a_model_is_accepted_from_the_least_number_of_images_on(min_images, passed):
    decision = decide(scored(10, 10), Policy(min_images=min_images))

    assert decision.checks[1:] == (CheckResult("min_images", min_images, 10, passed),)
    assert decision.accepted is passed


def test_a_least_number_of_images_needs_the_prediction_of_each():
    finding = (
        "the scoring results lack the prediction of each image, but min_images asks for it; nothing was registered; "
        "give a folder with metrics.json, predict_result.csv and labels.csv."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(Evidence(0.9), Policy(min_images=1))


# The champion


@pytest.mark.parametrize("rule", [BETTER, NOT_WORSE])
def test_where_there_is_no_champion_there_is_no_comparison(rule):
    decision = decide(Evidence(0.9), Policy(champion=rule, mcnemar_level=0.05))

    assert [check.name for check in decision.checks] == ["min_accuracy"]
    assert decision.comparison is None
    assert decision.accepted


def test_a_comparison_that_is_off_asks_for_nothing():
    decision = decide(Evidence(0.8), Policy(champion=OFF), Evidence(0.9))

    assert [check.name for check in decision.checks] == ["min_accuracy"]
    assert decision.comparison is None
    assert decision.accepted


def test_a_comparison_counts_the_images_that_only_one_has_right():
    challenger, champion = duel(both=5, only_challenger=3, only_champion=1, neither=1)

    comparison = decide(challenger, Policy(), champion).comparison

    assert comparison == Comparison(champion_accuracy=0.6, only_challenger=3, only_champion=1, p_value=0.625)


def test_images_are_compared_one_by_one_and_not_by_their_sum():
    digests = {"test_data": TEST_DATA}
    challenger = Evidence(0.5, correct=(True, False, True, False), digests=digests | {"model": "c" * 64})
    champion = Evidence(0.5, correct=(False, True, True, False), digests=digests | {"model": "d" * 64})

    assert decide(challenger, Policy(), champion).comparison == Comparison(0.5, 1, 1, 1.0)


@pytest.mark.parametrize(
    ("only_challenger", "only_champion", "passed"),
    [(1, 0, True), (2, 1, True), (0, 0, False), (1, 1, False), (0, 1, False)],
)
def test_better_means_more_images_right(only_challenger, only_champion, passed):
    challenger, champion = duel(5, only_challenger, only_champion, neither=1)

    decision = decide(challenger, Policy(min_accuracy=0, champion=BETTER), champion)

    assert decision.checks[1:] == (CheckResult("better_than_champion", champion.accuracy, challenger.accuracy, passed),)
    assert decision.accepted is passed


@pytest.mark.parametrize(
    ("ignored", "sentence"),
    [
        (
            {"champion": OFF, "mcnemar_level": 0.05},
            "mcnemar_level is 0.05, but it has no effect if champion is off; leave it at 0, or set champion to better "
            "or not_worse.",
        ),
        (
            {"champion": OFF, "champion_margin": 0.1},
            "champion_margin is 0.1, but it has no effect if champion is off; leave it at 0, or set champion to "
            "not_worse.",
        ),
        (
            {"champion": BETTER, "champion_margin": 1},
            "champion_margin is 1, but it has no effect if champion is better; leave it at 0, or set champion to "
            "not_worse.",
        ),
    ],
)
def test_a_value_that_the_rule_for_the_champion_ignores_is_refused(ignored, sentence):
    with pytest.raises(SettingError) as refused:
        Policy(**ignored)

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "used",
    [
        {"champion": NOT_WORSE, "champion_margin": 0.1, "mcnemar_level": 0.05},
        {"champion": BETTER, "mcnemar_level": 0.05},
        {"champion": OFF, "champion_margin": 0.0, "mcnemar_level": 0},
    ],
)
def test_a_value_that_the_rule_for_the_champion_uses_or_that_is_off_is_taken(used):
    assert Policy(**used).champion == used["champion"]


@pytest.mark.parametrize(
    ("only_challenger", "only_champion", "passed"),
    [(1, 0, True), (0, 0, True), (2, 2, True), (0, 1, False), (2, 3, False)],
)
def test_without_a_margin_not_worse_means_as_many_images_right(only_challenger, only_champion, passed):
    challenger, champion = duel(5, only_challenger, only_champion, neither=1)

    decision = decide(challenger, Policy(min_accuracy=0, champion=NOT_WORSE), champion)

    assert decision.checks[1:] == (
        CheckResult("not_worse_than_champion", champion.accuracy, challenger.accuracy, passed),
    )
    assert decision.accepted is passed


@pytest.mark.parametrize("images", [10, 100])
def test_a_decimal_margin_is_as_many_images_and_not_one_more(images):
    for lost in range(images + 1):
        margin = float(f"{lost / images:.2f}")
        for right in {lost, (lost + images) // 2, images}:
            at_it = duel_with(
                Policy(min_accuracy=0, champion_margin=margin),
                both=right - lost,
                only_champion=lost,
                neither=images - right,
            )
            (_, check) = decide(*at_it).checks
            assert check == CheckResult(
                "not_worse_than_champion", (right - lost) / images, (right - lost) / images, True
            )
            if right < images:
                beyond = duel_with(
                    Policy(min_accuracy=0, champion_margin=margin),
                    both=right - lost,
                    only_champion=lost + 1,
                    neither=images - right - 1,
                )
                assert not decide(*beyond).accepted


def test_a_margin_wider_than_the_champions_accuracy_requires_nothing():
    (_, check) = decide(*duel_with(Policy(min_accuracy=0, champion_margin=0.5), only_champion=1, neither=3)).checks

    assert check == CheckResult("not_worse_than_champion", required=-0.25, observed=0.0, passed=True)


# McNemar's test


def exact_mcnemar(one, other):
    """The two-sided exact p-value: twice the smaller tail of a fair coin's binomial distribution, at most 1."""
    images = one + other
    tail = sum(math.comb(images, count) for count in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2**images)


@pytest.mark.parametrize("other", range(8))
@pytest.mark.parametrize("one", [0, 1, 2, 3, 5, 8, 13, 40, 300])
def test_the_p_value_is_the_exact_sum_whichever_is_the_champion(one, other):
    for pair in ((one, other), (other, one)):
        comparison = decide(*duel_with(Policy(), both=1, only_challenger=pair[0], only_champion=pair[1])).comparison

        assert comparison.p_value == pytest.approx(exact_mcnemar(one, other), rel=1e-9)


@pytest.mark.parametrize(("one", "other", "p_value"), [(1, 7, 0.0703), (6, 16, 0.0525)])
def test_the_p_value_is_that_of_the_literature(one, other, p_value):
    """M. W. Fagerland and others, BMC Medical Research Methodology 13:91 (2013), exact conditional test."""
    comparison = decide(*duel_with(Policy(), only_challenger=one, only_champion=other)).comparison

    assert comparison.p_value == pytest.approx(p_value, abs=5e-5)


BELOW, AT, ABOVE = math.nextafter(1 / 32, 0), 1 / 32, math.nextafter(1 / 32, 1)  # 6 : 0 has a p-value of 1/32


@pytest.mark.parametrize(
    ("only_challenger", "only_champion", "level", "passed"),
    [
        (6, 0, ABOVE, True),
        (6, 0, AT, True),
        (6, 0, BELOW, False),
        (0, 6, ABOVE, False),
        (0, 6, AT, False),
        (3, 3, 0.999, False),
        (0, 0, 0.999, False),
    ],
)
def test_significantly_better_needs_a_lead_with_a_p_value_up_to_the_level(
    only_challenger, only_champion, level, passed
):
    policy = Policy(min_accuracy=0, champion=BETTER, mcnemar_level=level)
    decision = decide(*duel_with(policy, both=3, only_challenger=only_challenger, only_champion=only_champion))

    p_value = exact_mcnemar(only_challenger, only_champion)
    assert decision.checks[-1] == CheckResult("significantly_better", level, p_value, passed)
    assert decision.accepted is passed


@pytest.mark.parametrize(
    ("only_challenger", "only_champion", "level", "passed"),
    [
        (0, 6, BELOW, True),
        (0, 6, AT, False),
        (0, 6, ABOVE, False),
        (6, 0, AT, True),
        (6, 0, ABOVE, True),
        (3, 3, 0.999, True),
        (0, 0, 0.999, True),
    ],
)
def test_significantly_worse_is_a_deficit_with_a_p_value_up_to_the_level(only_challenger, only_champion, level, passed):
    policy = Policy(min_accuracy=0, champion=NOT_WORSE, champion_margin=1, mcnemar_level=level)
    decision = decide(*duel_with(policy, both=3, only_challenger=only_challenger, only_champion=only_champion))

    p_value = exact_mcnemar(only_challenger, only_champion)
    assert decision.checks[-1] == CheckResult("not_significantly_worse", level, p_value, passed)
    assert decision.accepted is passed


def test_a_deficit_beyond_the_margin_is_refused_even_if_it_is_not_significant():
    decision = decide(*duel_with(Policy(min_accuracy=0, mcnemar_level=0.05), both=8, only_champion=1, neither=1))

    assert [(check.name, check.passed) for check in decision.checks] == [
        ("min_accuracy", True),
        ("not_worse_than_champion", False),
        ("not_significantly_worse", True),
    ]
    assert not decision.accepted


# Champions that cannot be compared


@pytest.mark.parametrize("rule", [BETTER, NOT_WORSE])
def test_a_model_is_not_compared_with_itself(rule):
    with pytest.raises(
        MetricsError,
        match=sentence("a model cannot be compared with itself; nothing was registered; give another one."),
    ):
        decide(scored(9, 10), Policy(champion=rule), scored(9, 10))


@pytest.mark.parametrize("rule", [BETTER, NOT_WORSE])
def test_a_champion_scored_on_other_test_data_is_not_compared(rule):
    challenger, champion = duel(both=10)
    champion = dataclasses.replace(champion, digests=champion.digests | {"test_data": "0" * 64})

    finding = (
        "the champion was scored on other test data, so the two models cannot be compared; nothing was registered; "
        "give the test data (test_data), and the champion is scored again on them."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(challenger, Policy(champion=rule), champion)


def test_a_champion_with_another_number_of_images_is_not_compared():
    finding = (
        "there are predictions for 10 test images, but the champion's are for 11; nothing was registered; score the "
        "model again."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(scored(9, 10), Policy(), scored(9, 11, model="d" * 64))


@pytest.mark.parametrize("missing", ["model", "test_data"])
@pytest.mark.parametrize("digest", [None, ""], ids=["without", "empty"])
@pytest.mark.parametrize(("which", "whose"), [(0, "the"), (1, "the champion's")])
def test_without_a_digest_there_is_no_comparison(which, whose, missing, digest):
    sides = list(duel(both=10))
    digests = {name: value for name, value in sides[which].digests.items() if name != missing}
    if digest is not None:
        digests[missing] = digest
    sides[which] = dataclasses.replace(sides[which], digests=digests)

    finding = (
        f"{whose} scoring results lack the digest of the {missing}, but champion asks for it; nothing was registered; "
        "give a folder with metrics.json, predict_result.csv and labels.csv."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(sides[0], Policy(), sides[1])


@pytest.mark.parametrize(("which", "whose"), [(0, "the"), (1, "the champion's")])
def test_without_predictions_there_is_no_comparison(which, whose):
    sides = list(duel(both=10))
    sides[which] = dataclasses.replace(sides[which], correct=None)

    finding = (
        f"{whose} scoring results lack the prediction of each image, but champion asks for it; nothing was registered; "
        "give a folder with metrics.json, predict_result.csv and labels.csv."
    )
    with pytest.raises(MetricsError, match=sentence(finding)):
        decide(sides[0], Policy(), sides[1])
