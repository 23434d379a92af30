"""What a merge order says that was not followed: sections that gave no order, unknown keys, workstreams left out.

The codes are documented in docs/plan-format.md. Must not read an order itself; order.py does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.core.model import Key, Problem, Severity
from bot.core.plan.draft import Draft, Order, own_sections
from bot.core.plan.entries import Entry, cut
from bot.core.plan.inline import Text
from bot.core.plan.markdown import Items, Section
from bot.core.plan.order import is_ordering
from bot.core.plan.problems import problem, quoted
from bot.core.plan.references import Names
from bot.core.plan.relations import clauses
from bot.core.plan.steps import Titles
from bot.core.plan.vocabulary import ORDER_HEADINGS, STRATEGY_HEADINGS, is_about, is_none

MAX_UNKNOWN = 20  # a plan with more of one kind has one fault, not twenty
MAX_LOOKS = 100  # steps that are compared with every title; it takes time
MAX_SHOWN = 12  # keys in a message
_MARK = "[\ue000-\uf8ff]"
_HINT = "Write it as a numbered list of keys, one wave a line."
_NO_ORDER = re.compile(
    r"(?<!\w)(?:any order|either order|no (?:particular|fixed|strict|special) order|does not matter|in parallel"
    r"|independent(?:ly)?)(?!\w)",
    re.IGNORECASE,
)
_DONE = re.compile("[✅☑✔]")


@dataclass(frozen=True, slots=True)
class _Told:
    """A section or a labelled entry that claims to state the merge order."""

    name: str
    line: int
    texts: tuple[Text, ...]  # every line of it
    steps: tuple[Text, ...]  # the lines that should name workstreams
    listed: bool  # it holds a list

    def holds(self, line: int) -> bool:
        """Say whether a line stands in it."""
        return self.line <= line <= max((each.line for each in self.texts), default=self.line)


def not_followed(root: Section, drafts: Sequence[Draft], names: Names, orders: Sequence[Order]) -> Iterator[Problem]:
    """Yield what the merge order says, or leaves out, that the plan does not follow. Lines are 1-based."""
    if len(drafts) < 2:
        return
    titles = Titles(drafts)
    missing = _left_out(drafts, orders[0]) if orders and not orders[0].loose else []
    unknown = _Unknown(drafts, names, missing)
    left = unread = MAX_UNKNOWN
    for each in _places(root, drafts):
        followed = not unread or any(each.holds(order.line) for order in orders)
        if not followed and (reason := _why_unread(each, names, titles)):
            unread -= 1
            hint = _HINT if drafts[0].candidate.key else "Write it as a numbered list of titles, one wave a line."
            yield problem(Severity.WARNING, "order-unread", each.line, reason, hint)
        for step in each.steps if left else ():
            for words, nearest in unknown.of(step, titles)[:left]:
                left -= 1
                yield problem(
                    Severity.WARNING,
                    "order-unknown-key",
                    step.line,
                    f"The merge order names {quoted(words)}, which is no workstream of this plan.",
                    f"Did you mean {nearest}?" if nearest else "Add that workstream or remove it from the order.",
                )
    if missing:
        yield _incomplete(missing, orders[0].line)


def _left_out(drafts: Sequence[Draft], order: Order) -> list[Key]:
    """Return the workstreams in no wave of the order, without those that are done already."""
    placed = {key for wave in order.waves for key in wave}
    return [each.key for each in drafts if each.key not in placed and not each.ticked]


def _incomplete(missing: Sequence[Key], line: int) -> Problem:
    more = len(missing) - MAX_SHOWN
    shown = ", ".join(missing[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")
    verb, whose, them = ("is", "its", "it") if len(missing) == 1 else ("are", "their", "them")
    return problem(
        Severity.WARNING,
        "order-incomplete",
        line,
        f"{shown} {verb} in no wave of the merge order: only {whose} needs hold {them}.",
        f"Add {them} to the merge order.",
    )


def _why_unread(told: _Told, names: Names, titles: Titles) -> str | None:
    """Return why a place gave no order; None if it is empty, says that there is none, or states needs that were read."""
    filled = [each for each in told.texts if each.raw.strip()]
    if not filled or is_none(" ".join(each.raw for each in filled)[:200]):
        return None
    known = any(names.keys_in(each.raw) or titles.keys(each.raw) for each in filled)
    if is_about(told.name, STRATEGY_HEADINGS) and not known and not told.listed:
        return None
    if any(_NO_ORDER.search(each.raw) for each in filled):
        return None
    said = (clause for each in filled for clause in clauses(each.raw, names))
    if any(clause.subjects and (clause.after or clause.before) for clause in said):
        return None
    if known:
        return (
            f"The section {quoted(told.name)} names workstreams but was not understood, so no order was taken from it."
        )
    return f"The section {quoted(told.name)} names no workstream that is known, so no order was taken from it."


def _places(root: Section, drafts: Sequence[Draft]) -> Iterator[_Told]:
    """Yield the outermost sections and labels about the order, outside the workstreams and not around them."""
    own = own_sections(drafts)
    around = {
        id(part) for each in drafts if (section := each.candidate.section) for part in (section, *section.ancestors())
    }
    for section in root.walk():
        if id(section) in own:
            continue
        if section.level and is_about(section.title.plain, ORDER_HEADINGS):
            if id(section) not in around and not (section.parent and is_ordering(section.parent)):
                yield _of_section(section)
        elif not is_ordering(section):
            for entry in cut(section.blocks):
                if entry.label and is_about(entry.label, ORDER_HEADINGS):
                    yield _place(entry.label, entry.line, [entry])


def _of_section(section: Section) -> _Told:
    parts = list(section.walk())
    entries = [entry for part in parts for entry in cut(part.blocks)]
    return _place(section.title.plain, section.line, entries)


def _place(name: str, line: int, entries: Sequence[Entry]) -> _Told:
    rows = [row for entry in entries for row in entry.rows()]
    code = [text for entry in entries for fence in entry.fences() for text in fence.lines]
    listed = any(isinstance(block, Items) for entry in entries for block in entry.blocks)
    steps = tuple(text for text, depth in rows if depth == 0)
    return _Told(name, line, (*(text for text, _ in rows), *code), steps, listed)


class _Unknown:
    """Finds what looks like a key of this plan and is none."""

    def __init__(self, drafts: Sequence[Draft], names: Names, missing: Sequence[Key]) -> None:
        self._names = names
        self._meant = {each.lower(): each for each in missing or names.keys}  # rather one that the order leaves out
        self._sure = len(missing) == 1
        self._looks = MAX_LOOKS
        words = {each.word for each in drafts if each.word and each.key.lower().startswith(each.word)}
        letters = {each.key[: len(each.shape)] for each in drafts if _lettered(each)}
        lone = {each.shape for each in drafts if each.word and each.shape in {"A", "1"}}
        dots = max((each.key.count(".") for each in drafts), default=0)
        number = r"\d{1,4}[A-Za-z]?" + (rf"(?:\.\d{{1,3}}){{{dots}}}" if dots else "")
        single = {"A": r"[A-Z]", "1": r"\d{1,3}[A-Za-z]?"}
        self._patterns = []
        if words:
            group = "|".join(re.escape(each) for each in sorted(words))
            self._patterns.append(rf"(?<!\w)(?P<words>(?i:{group})s?\s(?:\d{{1,3}}[A-Za-z]?|[A-Z]))(?![\w-]|\.\w)")
        if letters:
            group = "|".join(re.escape(each) for each in sorted(letters))
            self._patterns.append(rf"(?<![\w/.#-])(?P<words>(?:{group})-?{number})(?![\w/-]|\.\w)")
        if lone:
            group = "|".join(single[each] for each in sorted(lone))
            self._patterns.append(rf"{_MARK}\s?(?:[/,+&]|and(?!\w))\s?(?P<words>{group})(?![\w'’]|\.\w)")

    def of(self, step: Text, titles: Titles) -> list[tuple[str, str | None]]:
        """Return the words of a step that name nothing, each with the nearest key; what is done already is left out."""
        if _DONE.search(step.raw):
            return []
        marked, mentions = self._names.marked(step.raw[:2000])
        found = list(dict.fromkeys(match["words"] for each in self._patterns for match in re.finditer(each, marked)))
        if found or mentions or not self._looks:
            return [(each, self._nearest(each)) for each in found[:MAX_UNKNOWN]]
        self._looks -= 1
        return list(titles.misspelt(step.raw))

    def _nearest(self, words: str) -> str | None:
        near = get_close_matches(words.lower(), self._meant, n=1, cutoff=0.0 if self._sure else 0.5)
        return self._meant[near[0]] if near else None


def _lettered(draft: Draft) -> bool:
    """Say whether its key is letters with a number: W1, T-63, P2.1."""
    rest = draft.key[len(draft.shape) :].removeprefix("-")
    return draft.shape.isalpha() and draft.key.upper().startswith(draft.shape) and rest[:1].isdigit()
