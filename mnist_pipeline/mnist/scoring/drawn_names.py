"""Class names as a picture can draw them: with fonts that have their characters, and short enough for their place."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_FIRST_FAMILY = "DejaVu Sans"  # comes with Matplotlib


@dataclass(frozen=True)
class DrawnNames:
    """The names of the classes, and the fonts that have their characters.

    Attributes:
        texts: A text for each class: its name, or `label 3` if no font on this machine has all characters of the name.
        families: Families of fonts, the first one first.
        not_drawable: The names that a label stands for.
    """

    texts: tuple[str, ...]
    families: tuple[str, ...] = (_FIRST_FAMILY,)
    not_drawable: tuple[str, ...] = ()

    @cached_property
    def style(self) -> dict[str, Any]:
        """Properties for each Matplotlib text that holds a name; a dollar sign starts no formula."""
        return {"family": list(self.families), "parse_math": False}

    @property
    def warning(self) -> str | None:
        """One line about the names that are not drawn; None if all are."""
        if not self.not_drawable:
            return None
        number = len(self.not_drawable)
        names = (
            f"{number} class name{'s' if number > 1 else ''} ({self.not_drawable[0]}{', ...' if number > 1 else ''})"
        )
        return (
            f"the pictures show labels instead of {names}: no font on this machine has all their characters; install "
            "one, such as Debian's fonts-noto-cjk for Chinese, Japanese and Korean"
        )

    def shortened(self, label: int, width: int) -> str:
        """Return the text of a class in at most `width` columns, with an ellipsis for its middle part.

        The end stays, because long names often differ there.
        """
        text = self.texts[label]
        if columns_of(text) <= width:
            return text
        end = text[-(width // 3) :]
        while columns_of(end) > width // 3:
            end = end[1:]
        start = text[: width - 1]
        while columns_of(start) + 1 + columns_of(end) > width:
            start = start[:-1]
        return f"{start.rstrip()}…{end.lstrip()}"


def columns_of(text: str) -> int:
    """Return the width of a text as in a terminal: Chinese, Japanese and Korean characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def drawn_names(class_names: Sequence[str]) -> DrawnNames:
    """Choose fonts for the names of the classes from those that are installed."""
    from matplotlib.font_manager import findfont, get_font

    missing = {character for name in class_names for character in name} - _characters(get_font(findfont(_FIRST_FAMILY)))
    families = [_FIRST_FAMILY]
    if missing:
        found, missing = _fallbacks(missing)
        families += found
    drawable = [missing.isdisjoint(name) for name in class_names]
    return DrawnNames(
        tuple(
            name if is_drawable else f"label {label}"
            for label, (name, is_drawable) in enumerate(zip(class_names, drawable, strict=True))
        ),
        tuple(families),
        tuple(name for name, is_drawable in zip(class_names, drawable, strict=True) if not is_drawable),
    )


def _fallbacks(missing: set[str]) -> tuple[list[str], set[str]]:
    """Find installed fonts with the missing characters; return their families and what no font has.

    The fonts are listed anew, because Matplotlib's own list knows only those that were installed when it was made.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager, get_font

    offered: dict[str, tuple[str, set[str]]] = {}
    for path in sorted(findSystemFonts()):
        try:
            font = get_font(path)
        except (OSError, RuntimeError):  # not a font that Matplotlib can read
            continue
        characters = missing & _characters(font) if font.scalable else set()
        if len(characters) > len(offered.get(font.family_name, ("", set()))[1]):
            offered[font.family_name] = path, characters
    families = []
    while missing and offered:
        family = max(sorted(offered), key=lambda name: len(offered[name][1] & missing))
        path, characters = offered.pop(family)
        if not characters & missing:
            break
        fontManager.addfont(path)
        families.append(family)
        missing = missing - characters
    return families, missing


def _characters(font: Any) -> set[str]:
    return {chr(code) for code in font.get_charmap()}
