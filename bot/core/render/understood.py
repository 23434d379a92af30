"""How a plan was understood, folded below the preview: from which lines, and written back in the canonical form.

Must not weigh what was understood; the reader says how sure it is.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from bot.core.model import Aspect, Key, Origin, Plan, Sureness
from bot.core.plan.normal import normal
from bot.core.render.parts import fence, listed, sections, size, table
from bot.core.text import name

ORIGINS_LIMIT = 6_000  # bytes
_DIRECTIONS = frozenset(["LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"])
_SHOWN = 4  # needs or lines in one cell


def origins(plan: Plan, room: int) -> str:
    """Return the folded table of the lines that the plan was understood from; "" where `room` (bytes) is too small."""
    if not plan.origins:
        return ""
    rows = [_row(each.key, [one for one in plan.origins if one.of == each.key]) for each in plan.workstreams]
    text = _folded(
        "How this was understood",
        "The line of this issue's text that says it. "
        "*Derived* = from prose, a drawing, a group or another place of the text; *guessed* = from the form alone.",
        table(("Key", "Stands in", "Branch", "Needs", "Files", "Step of the order"), rows, ORIGINS_LIMIT),
    )
    return text if size(text) <= room else ""


def canonical(plan: Plan, room: int) -> str:
    """Return the plan in its canonical form, folded; a sentence instead where `room` (bytes) is too small."""
    text = _folded(
        "This plan in the canonical form",
        "Signalbox reads this text as the same plan. To adopt it, put it in the place of this issue's text: prose that "
        "belongs to no workstream is not in it.",
        fence((_visible(each) for each in normal(plan).splitlines()), "markdown"),
    )
    if size(text) <= room:
        return text
    return "The canonical form of this plan is too long for this comment; `signalbox lint FILE --format markdown` writes it."


def _visible(line: str) -> str:
    """Drop what is not to be seen: control characters, half characters, changes of direction."""
    return "".join(
        char
        for char in line
        if unicodedata.category(char) not in {"Cc", "Cs"} and unicodedata.bidirectional(char) not in _DIRECTIONS
    )


def _folded(title: str, *parts: str) -> str:
    return sections(f"<details>\n<summary>{title}</summary>", *parts, "</details>")


def _row(key: Key, found: Sequence[Origin]) -> tuple[str, ...]:
    def of(kind: Aspect) -> list[Origin]:
        return [each for each in found if each.kind is kind]

    return (
        f"**{name(key)}**",
        _lines(of(Aspect.WORKSTREAM)),
        _lines(of(Aspect.BRANCH)),
        listed([f"{name(each.what)}: {_lines([each])}" for each in of(Aspect.NEED)], _SHOWN),
        _lines(of(Aspect.FILE)),
        listed([f"{each.what}: {_lines([each])}" for each in of(Aspect.ORDER)], _SHOWN),
    )


def _lines(found: Iterable[Origin]) -> str:
    """Return "line 7, 8 (derived)": each line once."""
    places = dict.fromkeys((each.line, each.sure) for each in found)
    shown = [str(line) if sure is Sureness.STATED else f"{line} ({sure.value})" for line, sure in places]
    return f"{'line' if len(shown) == 1 else 'lines'} {listed(shown, _SHOWN)}" if shown else ""
