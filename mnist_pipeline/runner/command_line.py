"""A component's command line, with its placeholders filled in as Azure ML does it.

Syntax: https://learn.microsoft.com/azure/machine-learning/reference-yaml-core-syntax (expressions). `${{inputs.x}}` and
`${{outputs.y}}` stand for a value or a path; a part in `$[[...]]` is dropped if an input in it is not set.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from mnist_pipeline.errors import PlanError

_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$\{\{\s*(inputs|outputs)\.([^\s}]+?)(?:\.path)?\s*\}\}")


def render(command: str, inputs: Mapping[str, str | Path], outputs: Mapping[str, Path]) -> str:
    """Fill in the placeholders of `command` and return a line for the shell.

    A path is quoted for the shell, whether its placeholder is inside quotes or not. A value goes in unchanged, as on
    Azure ML.

    Args:
        command: The component's command.
        inputs: The text of each value and the path of each file or folder; unset optional inputs are absent.
        outputs: The path of each output.

    Raises:
        PlanError: a placeholder has no value, or a value would end the quotes around it.
    """
    values = {"inputs": inputs, "outputs": outputs}

    def is_set(part: str) -> bool:
        return all(name in values[kind] for kind, name in _PLACEHOLDER.findall(part))

    kept = _OPTIONAL.sub(lambda match: match[1] if is_set(match[1]) else "", command)
    rendered: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(kept):
        kind, name = match.groups()
        if name not in values[kind]:
            raise PlanError(f"the command uses {match[0]}, but this {kind[:-1]} is not set; give it a value.")
        value = values[kind][name]
        rendered.append(kept[end : match.start()])
        quote = _open_quote("".join(rendered))
        if isinstance(value, Path):
            rendered.append(_quoted(str(value), quote))
        elif quote and (quote in value or (quote == '"' and set("$`\\") & set(value))):
            raise PlanError(f"{kind[:-1]} {name} is {value!r}, which would break the quotes of its command; change it.")
        else:
            rendered.append(value)
        end = match.end()
    return "".join(rendered) + kept[end:]


def _quoted(path: str, quote: str) -> str:
    """Quote a path for a place inside `quote`, or outside all quotes if `quote` is empty."""
    quoted = shlex.quote(path)
    return path if quoted == path else f"{quote}{quoted}{quote}"  # closes the open quote and opens it again


def _open_quote(text: str) -> str:
    """Return the quotation mark that is still open at the end of `text`, or an empty string."""
    quote = ""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
    return quote
