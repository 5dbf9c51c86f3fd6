"""Whether a scored model is good enough to be the champion: evidence and policy in, a decision out; nothing else."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mnist_pipeline.errors import MetricsError
from mnist_pipeline.settings import Settings, setting

BETTER = "better"
NOT_WORSE = "not_worse"
OFF = "off"
CHAMPION_RULES = (BETTER, NOT_WORSE, OFF)


@dataclass(frozen=True)
class Evidence:
    """What scoring found out about a model.

    Attributes:
        accuracy: Share of the test images classified correctly, 0..1.
        loss: Mean cross-entropy in nats, at least 0; None where scoring wrote none.
        recalls: Of each class the share of its images that were recognised, 0..1, None for a class without images;
            None altogether where scoring wrote none.
        correct: For each test image, in their order, whether it was classified correctly; None where scoring wrote
            no predictions.
        digests: SHA-256 of `test_data`, `model`, `predictions` and `labels`; empty where scoring wrote none.
    """

    accuracy: float
    loss: float | None = None
    recalls: tuple[float | None, ...] | None = None
    correct: tuple[bool, ...] | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy(Settings):
    """What a model must fulfil to be registered.

    The exact McNemar test counts the test images that only one of the two models classifies correctly.

    Raises:
        SettingError: a value has the wrong type or is out of its range.
    """

    min_accuracy: float = setting(0.8, "Lowest accuracy on the test images that passes.", min=0, max=1)
    accuracy_confidence: float = setting(
        0.0,
        "Judge the accuracy by the lower bound of its two-sided Wilson interval at this confidence, for example 0.95; "
        "0 is off.",
        min=0,
        max=0.999999,
    )
    min_class_recall: float = setting(0.0, "Lowest recall of any class that passes; 0 is off.", min=0, max=1)
    max_loss: float = setting(0.0, "Highest cross-entropy that passes, in nats; 0 is off.", min=0)
    min_images: int = setting(0, "Lowest number of test images that passes; 0 is off.", min=0)
    champion: str = setting(
        NOT_WORSE,
        "How the model must compare with the champion on the same test images; better means more images right, "
        "not_worse means an accuracy within the margin, off means no comparison.",
        choices=CHAMPION_RULES,
    )
    champion_margin: float = setting(
        0.0, "How far below the champion's the accuracy may be under not_worse.", min=0, max=1
    )
    mcnemar_level: float = setting(
        0.0,
        "Level of an exact McNemar test against the champion, for example 0.05; the model must be significantly better "
        "(under better) or not significantly worse (under not_worse); 0 is off.",
        min=0,
        max=0.999999,
    )


@dataclass(frozen=True)
class Check:
    """One requirement and what was observed."""

    name: str
    required: float
    observed: float
    passed: bool


@dataclass(frozen=True)
class Comparison:
    """A model and the champion on the same test images.

    Attributes:
        champion_accuracy: The champion's, 0..1.
        only_challenger: Images that only the model has right.
        only_champion: Images that only the champion has right.
        p_value: Of the exact two-sided McNemar test: how likely a difference at least this large would be, were both
            models equally good.
    """

    champion_accuracy: float
    only_challenger: int
    only_champion: int
    p_value: float


@dataclass(frozen=True)
class Decision:
    """The checks of a policy; a model is accepted when all of them passed."""

    checks: tuple[Check, ...]
    comparison: Comparison | None = None

    @property
    def accepted(self) -> bool:
        """Whether every check passed; without any check nothing is accepted."""
        return bool(self.checks) and all(check.passed for check in self.checks)


def decide(evidence: Evidence, policy: Policy, champion: Evidence | None = None) -> Decision:
    """Compare the evidence with what is required.

    A value equal to a threshold passes, but for the champion's accuracy under `better`, which must be exceeded. A
    p-value equal to the level is significant.

    Args:
        evidence: Of the model in question, the challenger.
        policy: What is required.
        champion: Evidence of the present champion on the same test images; None where there is none.

    Raises:
        MetricsError: the evidence makes no sense, lacks what the policy asks for, or is of other test images than the
            champion's.
    """
    _refuse_nonsense(evidence, "the")
    checks = [_accuracy_check(evidence, policy)]
    if policy.min_class_recall:
        worst = _worst_recall(evidence)
        checks.append(Check("min_class_recall", policy.min_class_recall, worst, worst >= policy.min_class_recall))
    if policy.max_loss:
        if evidence.loss is None:
            raise _missing("loss", "max_loss")
        checks.append(Check("max_loss", policy.max_loss, evidence.loss, evidence.loss <= policy.max_loss))
    if policy.min_images:
        images = len(_images(evidence, "min_images"))
        checks.append(Check("min_images", policy.min_images, images, images >= policy.min_images))
    if champion is None or policy.champion == OFF:
        return Decision(tuple(checks))
    comparison = _compare(evidence, champion)
    return Decision((*checks, *_champion_checks(evidence, policy, comparison)), comparison)


def _accuracy_check(evidence: Evidence, policy: Policy) -> Check:
    if not policy.accuracy_confidence:
        passed = evidence.accuracy >= policy.min_accuracy
        return Check("min_accuracy", policy.min_accuracy, evidence.accuracy, passed)

    from scipy.stats import binomtest

    correct = _images(evidence, "accuracy_confidence")
    interval = binomtest(sum(correct), len(correct)).proportion_ci(policy.accuracy_confidence, method="wilson")
    bound = float(interval.low)
    return Check("min_accuracy_lower_bound", policy.min_accuracy, bound, bound >= policy.min_accuracy)


def _worst_recall(evidence: Evidence) -> float:
    if not evidence.recalls:
        raise _missing("recall of each class", "min_class_recall")
    known = [recall for recall in evidence.recalls if recall is not None]
    if len(known) < len(evidence.recalls):
        raise MetricsError(
            f"class {evidence.recalls.index(None)} has no test images and so no recall, which min_class_recall asks "
            "for; nothing was registered; score with images of every class."
        )
    return min(known)


def _compare(evidence: Evidence, champion: Evidence) -> Comparison:
    _refuse_nonsense(champion, "the champion's")
    for digest in ("model", "test_data"):
        for whose, side in (("the", evidence), ("the champion's", champion)):
            if not side.digests.get(digest):
                raise _missing(f"digest of the {digest}", "champion", whose)
    if evidence.digests["model"] == champion.digests["model"]:
        raise MetricsError("a model cannot be compared with itself; nothing was registered; give another one.")
    if evidence.digests["test_data"] != champion.digests["test_data"]:
        raise MetricsError(
            "the champion was scored on other test data, so that the two cannot be compared; nothing was registered; "
            "give the test data (test_data), on which the champion is then scored again."
        )
    ours, theirs = _images(evidence, "champion"), _images(champion, "champion", "the champion's")
    if len(ours) != len(theirs):
        raise MetricsError(
            f"there are predictions for {len(ours)} test images, of the champion for {len(theirs)}; nothing was "
            "registered; score the model again."
        )
    pairs = list(zip(ours, theirs, strict=True))
    only_challenger, only_champion = pairs.count((True, False)), pairs.count((False, True))
    return Comparison(champion.accuracy, only_challenger, only_champion, _mcnemar(only_challenger, only_champion))


def _champion_checks(evidence: Evidence, policy: Policy, comparison: Comparison) -> list[Check]:
    lead = comparison.only_challenger - comparison.only_champion  # images
    if policy.champion == BETTER:
        checks = [Check("better_than_champion", comparison.champion_accuracy, evidence.accuracy, lead > 0)]
    else:
        # In fractions of decimal numbers: 0.8 - 0.1 is not quite 0.7 in floating point.
        assert evidence.correct is not None  # it was compared
        images, right = len(evidence.correct), sum(evidence.correct)
        required = Fraction(right - lead, images) - Fraction(str(policy.champion_margin))
        holds = Fraction(right, images) >= required
        checks = [Check("not_worse_than_champion", float(required), evidence.accuracy, holds)]
    if policy.mcnemar_level:
        differ = comparison.p_value <= policy.mcnemar_level
        if policy.champion == BETTER:
            checks.append(Check("significantly_better", policy.mcnemar_level, comparison.p_value, differ and lead > 0))
        else:
            holds = not differ or lead > 0
            checks.append(Check("not_significantly_worse", policy.mcnemar_level, comparison.p_value, holds))
    return checks


def _mcnemar(one: int, other: int) -> float:
    """Return the p-value of McNemar's test in its exact form: a two-sided sign test of the discordant pairs.

    McNemar, Psychometrika 12 (1947) 153-157.
    """
    from scipy.stats import binomtest

    return float(binomtest(one, one + other).pvalue) if one + other else 1.0


def _refuse_nonsense(evidence: Evidence, whose: str) -> None:
    accuracy, loss, recalls, correct = evidence.accuracy, evidence.loss, evidence.recalls, evidence.correct
    if not _is_share(accuracy):
        raise MetricsError(f"{whose} accuracy is {accuracy!r}, not a number from 0 to 1; nothing was registered.")
    if loss is not None and not _is_loss(loss):
        raise MetricsError(f"{whose} loss is {loss!r}, not a number of at least 0; nothing was registered.")
    if recalls is not None and not isinstance(recalls, tuple):
        raise MetricsError(f"{whose} recalls are {recalls!r}, not one for each class; nothing was registered.")
    for label, recall in enumerate(recalls or ()):
        if recall is not None and not _is_share(recall):
            raise MetricsError(
                f"{whose} recall of class {label} is {recall!r}, not a number from 0 to 1; nothing was registered."
            )
    if correct is not None:
        if not isinstance(correct, tuple) or not all(isinstance(image, bool) for image in correct):
            raise MetricsError(f"{whose} predictions are not each correct or not; nothing was registered.")
        if not correct or sum(correct) / len(correct) != accuracy:
            raise MetricsError(
                f"{whose} accuracy is {accuracy}, but {sum(correct)} of {len(correct)} predictions are correct; "
                "nothing was registered; score the model again."
            )
    digests = evidence.digests
    if not isinstance(digests, Mapping) or not all(isinstance(digest, str) for digest in digests.values()):
        raise MetricsError(f"{whose} digests are {digests!r}, not text by name; nothing was registered.")


def _images(evidence: Evidence, setting: str, whose: str = "the") -> tuple[bool, ...]:
    if evidence.correct is None:
        raise _missing("prediction of each image", setting, whose)
    return evidence.correct


def _missing(what: str, setting: str, whose: str = "the") -> MetricsError:
    return MetricsError(
        f"{whose} scoring results lack the {what}, which {setting} asks for; nothing was registered; give a "
        "folder with metrics.json, predict_result.csv and labels.csv."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_share(value: float) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_loss(value: float) -> bool:
    return _is_number(value) and value >= 0
