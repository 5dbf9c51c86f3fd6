"""Decides whether a scored model is good enough to be the champion, from its evidence and a policy.

Pure functions and frozen dataclasses: this module reads no file and asks no registry.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mnist_pipeline.errors import MetricsError, SettingError
from mnist_pipeline.settings import Settings, setting

BETTER = "better"
NOT_WORSE = "not_worse"
OFF = "off"
CHAMPION_RULES = (BETTER, NOT_WORSE, OFF)


@dataclass(frozen=True)
class Evidence:
    """What scoring found out about a model. Evidence that makes no sense cannot be constructed.

    Attributes:
        accuracy: Share of the test images that the model classifies correctly, 0..1.
        loss: Mean cross-entropy in nats, at least 0; None if scoring wrote none.
        recalls: The recall of each class, 0..1, and None for a class without test images; None instead of the tuple if
            scoring wrote no recalls.
        correct: Whether the model classifies each test image correctly, in the order of the images; None if scoring
            wrote no predictions.
        digests: SHA-256 of `test_data`, `model`, `predictions` and `labels`; empty if scoring wrote none.

    Raises:
        MetricsError: a value has the wrong type or is out of its range, or the accuracy does not follow from `correct`.
    """

    accuracy: float
    loss: float | None = None
    recalls: tuple[float | None, ...] | None = None
    correct: tuple[bool, ...] | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_evidence(self)


@dataclass(frozen=True)
class Policy(Settings):
    """What a model must achieve to be registered.

    The exact McNemar test counts the test images that only one of the two models classifies correctly.

    Raises:
        SettingError: a value has the wrong type or is out of its range, or belongs to another rule for the champion.
    """

    min_accuracy: float = setting(0.8, "Minimum accuracy on the test images.", min=0, max=1)
    accuracy_confidence: float = setting(
        0.0,
        "Apply min_accuracy to the lower bound of the accuracy's Wilson interval at this confidence, e.g. 0.95; 0 "
        "turns this off.",
        min=0,
        max=0.999999,
    )
    min_class_recall: float = setting(0.0, "Minimum recall of every class; 0 turns this off.", min=0, max=1)
    max_loss: float = setting(0.0, "Maximum cross-entropy loss, in nats; 0 turns this off.", min=0)
    min_images: int = setting(0, "Minimum number of test images; 0 turns this off.", min=0)
    champion: str = setting(
        NOT_WORSE,
        "How the model must compare with the champion on the same test images. better requires more correct images; "
        "not_worse requires an accuracy within champion_margin of the champion's; off skips the comparison.",
        choices=CHAMPION_RULES,
    )
    champion_margin: float = setting(
        0.0, "With not_worse, how far the accuracy may be below the champion's.", min=0, max=1
    )
    mcnemar_level: float = setting(
        0.0,
        "Significance level of an exact McNemar test against the champion, e.g. 0.05. The model must be significantly "
        "better (with better) or not significantly worse (with not_worse); 0 turns this off.",
        min=0,
        max=0.999999,
    )

    def check_together(self) -> None:
        """Refuse a value that the rule for the champion would ignore.

        Raises:
            SettingError: there is a margin without the rule `not_worse`, or a level without a comparison.
        """
        for name, rules in (("champion_margin", (NOT_WORSE,)), ("mcnemar_level", (BETTER, NOT_WORSE))):
            if (value := getattr(self, name)) and self.champion not in rules:
                raise SettingError(
                    f"{name} is {value!r}, but it has no effect if champion is {self.champion}; leave it at 0, or set "
                    f"champion to {' or '.join(rules)}."
                )


@dataclass(frozen=True)
class CheckResult:
    """One requirement, and what was observed.

    Attributes:
        name: The setting of the policy, such as `max_loss`, or the kind of comparison with the champion.
        required: The threshold.
        observed: The value that is held against the threshold.
        passed: Whether the model meets the requirement.
    """

    name: str
    required: float
    observed: float
    passed: bool


@dataclass(frozen=True)
class Comparison:
    """How a challenger and the champion do on the same test images.

    Attributes:
        champion_accuracy: The champion's accuracy, 0..1.
        only_challenger: Number of images that only the challenger classifies correctly.
        only_champion: Number of images that only the champion classifies correctly.
        p_value: Result of the exact two-sided McNemar test: the probability of a difference at least this large if both
            models were equally good.
    """

    champion_accuracy: float
    only_challenger: int
    only_champion: int
    p_value: float


@dataclass(frozen=True)
class Decision:
    """The results of all checks of a policy, and the comparison with the champion if there was one."""

    checks: tuple[CheckResult, ...]
    comparison: Comparison | None = None

    @property
    def accepted(self) -> bool:
        """Whether every check passed. A decision without checks accepts nothing."""
        return bool(self.checks) and all(check.passed for check in self.checks)


def decide(evidence: Evidence, policy: Policy, champion: Evidence | None = None) -> Decision:
    """Check the evidence against the policy.

    A value equal to its threshold passes. The one exception is the rule `better`: there the champion's accuracy must
    be exceeded. A p-value equal to the level is significant.

    Args:
        evidence: Evidence about the challenger, the model that may become the champion.
        policy: What is required.
        champion: Evidence about the present champion on the same test images; None if there is no champion.

    Raises:
        MetricsError: the evidence lacks what the policy asks for, or challenger and champion were scored on different
            test images.
    """
    checks = [_accuracy_check(evidence, policy)]
    if policy.min_class_recall:
        worst = _worst_recall(evidence)
        checks.append(CheckResult("min_class_recall", policy.min_class_recall, worst, worst >= policy.min_class_recall))
    if policy.max_loss:
        if evidence.loss is None:
            raise _missing("loss", "max_loss")
        checks.append(CheckResult("max_loss", policy.max_loss, evidence.loss, evidence.loss <= policy.max_loss))
    if policy.min_images:
        images = len(_images(evidence, "min_images"))
        checks.append(CheckResult("min_images", policy.min_images, images, images >= policy.min_images))
    if champion is None or policy.champion == OFF:
        return Decision(tuple(checks))
    comparison = _compare(evidence, champion)
    return Decision((*checks, *_champion_checks(evidence, policy, comparison)), comparison)


def _accuracy_check(evidence: Evidence, policy: Policy) -> CheckResult:
    if not policy.accuracy_confidence:
        passed = evidence.accuracy >= policy.min_accuracy
        return CheckResult("min_accuracy", policy.min_accuracy, evidence.accuracy, passed)

    from scipy.stats import binomtest

    correct = _images(evidence, "accuracy_confidence")
    interval = binomtest(sum(correct), len(correct)).proportion_ci(policy.accuracy_confidence, method="wilson")
    bound = float(interval.low)
    return CheckResult("min_accuracy_lower_bound", policy.min_accuracy, bound, bound >= policy.min_accuracy)


def _worst_recall(evidence: Evidence) -> float:
    if not evidence.recalls:
        raise _missing("recall of each class", "min_class_recall")
    known = [recall for recall in evidence.recalls if recall is not None]
    if len(known) < len(evidence.recalls):
        raise MetricsError(
            f"class {evidence.recalls.index(None)} has no test images and so no recall, but min_class_recall asks for "
            "one; nothing was registered; score the model on images of every class."
        )
    return min(known)


def _compare(evidence: Evidence, champion: Evidence) -> Comparison:
    for digest in ("model", "test_data"):
        for whose, side in (("the", evidence), ("the champion's", champion)):
            if not side.digests.get(digest):
                raise _missing(f"digest of the {digest}", "champion", whose)
    if evidence.digests["model"] == champion.digests["model"]:
        raise MetricsError("a model cannot be compared with itself; nothing was registered; give another one.")
    if evidence.digests["test_data"] != champion.digests["test_data"]:
        raise MetricsError(
            "the champion was scored on other test data, so the two models cannot be compared; nothing was registered; "
            "give the test data (test_data), and the champion is scored again on them."
        )
    ours, theirs = _images(evidence, "champion"), _images(champion, "champion", "the champion's")
    if len(ours) != len(theirs):
        raise MetricsError(
            f"there are predictions for {len(ours)} test images, but the champion's are for {len(theirs)}; nothing was "
            "registered; score the model again."
        )
    pairs = list(zip(ours, theirs, strict=True))
    only_challenger, only_champion = pairs.count((True, False)), pairs.count((False, True))
    return Comparison(champion.accuracy, only_challenger, only_champion, _mcnemar(only_challenger, only_champion))


def _champion_checks(evidence: Evidence, policy: Policy, comparison: Comparison) -> list[CheckResult]:
    lead = comparison.only_challenger - comparison.only_champion  # images
    if policy.champion == BETTER:
        checks = [CheckResult("better_than_champion", comparison.champion_accuracy, evidence.accuracy, lead > 0)]
    else:
        # Fractions of decimal numbers are exact; in floating point, 0.8 - 0.1 is not quite 0.7.
        assert evidence.correct is not None  # _compare needs it too
        images, right = len(evidence.correct), sum(evidence.correct)
        required = Fraction(right - lead, images) - Fraction(str(policy.champion_margin))
        holds = Fraction(right, images) >= required
        checks = [CheckResult("not_worse_than_champion", float(required), evidence.accuracy, holds)]
    if policy.mcnemar_level:
        differ = comparison.p_value <= policy.mcnemar_level
        if policy.champion == BETTER:
            checks.append(
                CheckResult("significantly_better", policy.mcnemar_level, comparison.p_value, differ and lead > 0)
            )
        else:
            holds = not differ or lead > 0
            checks.append(CheckResult("not_significantly_worse", policy.mcnemar_level, comparison.p_value, holds))
    return checks


def _mcnemar(one: int, other: int) -> float:
    """Return the p-value of McNemar's exact test: a two-sided sign test of the discordant pairs.

    McNemar, Psychometrika 12 (1947) 153-157.
    """
    from scipy.stats import binomtest

    return float(binomtest(one, one + other).pvalue) if one + other else 1.0


def _check_evidence(evidence: Evidence) -> None:
    """Raise MetricsError if a value makes no sense. All evidence passes through here, wherever it comes from."""
    accuracy, loss, recalls, correct = evidence.accuracy, evidence.loss, evidence.recalls, evidence.correct
    if not _is_share(accuracy):
        raise MetricsError(f"the accuracy is {accuracy!r}, not a number from 0 to 1; score the model again.")
    if loss is not None and not _is_loss(loss):
        raise MetricsError(
            f"the loss is {loss!r}, not a number of at least 0; a network that diverged must be trained again."
        )
    if recalls is not None and not isinstance(recalls, tuple):
        raise MetricsError(f"the recalls are {recalls!r}, not one for each class; score the model again.")
    for label, recall in enumerate(recalls or ()):
        if recall is not None and not _is_share(recall):
            raise MetricsError(
                f"the recall of class {label} is {recall!r}, not a number from 0 to 1; score the model again."
            )
    if correct is not None:
        if not isinstance(correct, tuple) or not all(isinstance(image, bool) for image in correct):
            raise MetricsError(
                "the predictions are not marked true or false, one for each image; score the model again."
            )
        if not correct or sum(correct) / len(correct) != accuracy:
            raise MetricsError(
                f"the accuracy is {accuracy}, but {sum(correct)} of {len(correct)} predictions are correct; score the "
                "model again."
            )
    digests = evidence.digests
    if not isinstance(digests, Mapping) or not all(isinstance(digest, str) for digest in digests.values()):
        raise MetricsError(f"the digests are {digests!r}, not a text for each name; score the model again.")


def _images(evidence: Evidence, setting: str, whose: str = "the") -> tuple[bool, ...]:
    if evidence.correct is None:
        raise _missing("prediction of each image", setting, whose)
    return evidence.correct


def _missing(what: str, setting: str, whose: str = "the") -> MetricsError:
    return MetricsError(
        f"{whose} scoring results lack the {what}, but {setting} asks for it; nothing was registered; give a "
        "folder with metrics.json, predict_result.csv and labels.csv."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_share(value: float) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_loss(value: float) -> bool:
    return _is_number(value) and value >= 0
