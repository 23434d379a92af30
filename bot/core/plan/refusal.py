"""Says why a text gives no workstreams: what it looks like, what was found in it, and why that was not taken.

Used by reader.py where choice.py chose nothing. Must not choose; problems.py makes the problem of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.plan.candidates import Group
from bot.core.plan.choice import is_aside, score
from bot.core.plan.genre import Genre, signs_of
from bot.core.plan.markdown import Section

_SHOWN = 3  # lines of signs that are named


class Why(Enum):
    """The kinds of refusal."""

    EMPTY = "empty"
    OTHER_TEXT = "other text"
    ASIDE = "aside"
    BARE = "bare"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there are no workstreams: the reason, and sentences for the author."""

    why: Why
    genre: Genre | None
    message: str
    hint: str


_KINDS = {
    "heading": ("heading with a key", "headings with a key"),
    "row": ("table row with a key", "table rows with a key"),
    "checkbox": ("checkbox", "checkboxes"),
    "item": ("list item with a key", "list items with a key"),
    "lead": ("bold line with a key", "bold lines with a key"),
    "listed": ("line of a code block", "lines of a code block"),
}
_FORM = (
    "Give each workstream a heading such as '### W1: Title' with its Branch, Files and Depends on, "
    "or a checkbox such as '- [ ] **W1: Title**'."
)
_ELSEWHERE = f"If it is no plan, take the label off. If it is one: {_FORM[0].lower()}{_FORM[1:]}"


def why_not(root: Section, groups: Sequence[Group], title: str) -> Refusal:
    """Return the reason why none of the groups holds workstreams."""
    if not root.blocks and not root.children:
        return Refusal(Why.EMPTY, None, "The text is empty, so there are no workstreams in it.", _FORM)
    found, aside = _found(groups)
    signs = signs_of(root, title)
    genre = signs.genre
    if genre is not None:
        lines = [str(each) for each in signs.lines[genre] if each][:_SHOWN]
        told = f" (see line{'s' * (len(lines) > 1)} {', '.join(lines)})" if lines else ""
        message = f"This reads like {genre.value}{told}, not like a plan. {found}".strip()
        return Refusal(Why.OTHER_TEXT, genre, message, _ELSEWHERE)
    if not found:
        nothing = "No workstreams were found: no heading with a key, no list of checkboxes and no table of tasks."
        return Refusal(Why.NOTHING, None, nothing, _FORM)
    return Refusal(Why.ASIDE if aside else Why.BARE, None, f"No workstreams were found. {found}", _FORM)


def _found(groups: Sequence[Group]) -> tuple[str, bool]:
    """Return a sentence on the likeliest group, "" without one, and whether it stands aside."""
    if not groups:
        return "", False
    best = max(groups, key=lambda each: (score(each), len(each.members)))
    count = len({each.key or each.line for each in best.members})
    what = f"{count} {_KINDS[best.kind][count > 1]}"
    stand, them = ("stand", "them") if count > 1 else ("stands", "it")
    start = f"The {what} from line {best.members[0].line} on"
    if all(is_aside(each) for each in best.members):
        return f"{start} {stand} below a heading that sets {them} aside (such as checks, notes or later work).", True
    few = "is alone, which makes no list of workstreams, and " if count == 1 else ""
    names = "name" if count > 1 else "names"
    return (
        f"{start} {few}{names} too little of branch, files or needs to be taken for workstreams.",
        False,
    )
