"""Bindings to the inputs of a pipeline. Each must name an input that exists in the same body."""

import re
from collections.abc import Iterator
from typing import Any

from .message import Answer, service_error

_PARENT_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.(\w+)")


def dangling_bindings(body: dict[str, Any]) -> list[str]:
    """Return every binding of a pipeline's nodes to an input that the pipeline does not have.

    Args:
        body: The properties of a pipeline job, or the specification of a pipeline component, as sent.
    """
    inputs = body.get("inputs") or {}
    return [
        f"{place} is bound to parent.inputs.{name}"
        for place, text in _texts(body.get("jobs") or {}, "jobs")
        for name in _PARENT_INPUT.findall(text)
        if name not in inputs
    ]


def refuse_dangling(body: dict[str, Any]) -> Answer | None:
    """Return the refusal of a body with dangling bindings; None if it has none.

    No recording shows Azure's answer. The SDK's authors do not submit such jobs in their tests, because the service
    does not support them yet: see `test_pipeline_with_none_parameter_no_default_optional_true` in the SDK's
    `tests/dsl/e2etests/test_dsl_pipeline.py`.
    """
    if dangling := dangling_bindings(body):
        return service_error(400, f"The body has no such input: {'; '.join(dangling)}.")
    return None


def _texts(part: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        yield place, part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _texts(value, f"{place}.{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _texts(value, f"{place}[{index}]")
