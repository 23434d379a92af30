"""Two places of a plan that say different things: needs, drawings, verify commands, intervals.

What another check sees already (cycle, order-disagrees, order-stated-twice) is not told again. Must not decide which
place is right, nor change the plan.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.core.model import Key, Plan, Problem, Severity
from bot.core.plan.branches import merged_in
from bot.core.plan.draft import Draft, Said
from bot.core.plan.entries import Entry, cut
from bot.core.plan.graph import ancestors
from bot.core.plan.inline import Text, plain
from bot.core.plan.markdown import Fence, Items, Section
from bot.core.plan.needs import Stated
from bot.core.plan.problems import problem, quoted
from bot.core.plan.references import Names
from bot.core.plan.relations import chain
from bot.core.plan.vocabulary import is_none

MAX_TOLD = 20  # of one kind; a plan with more has one fault, not a hundred
MAX_INTERVALS = 20
MAX_EDGES = 20_000  # drawn ones, counted as often as they are drawn
MAX_NEEDS = 2000  # characters of a line of needs that are looked at again
MAX_NEEDS_LINES = 50
_REMARK = re.compile(r"\([^()]{0,300}\)")
_COMMENT = re.compile(r"(?:^|\s+)#(?:\s.*)?$")
_EVERY = re.compile(r"(?<!\w)every\s(?P<step>\d{1,4})\s(?P<unit>minute|hour|day|week|month)s?(?!\w)", re.IGNORECASE)
_MOMENT = re.compile(r"(?P<unit>minute|hour|day|week|month)s?\s(?P<at>\d{1,6})(?!\w|-\d)", re.IGNORECASE)
_LONG_WORD = re.compile(r"[^\W\d_]{6,}")


def contradictions(
    root: Section, plan: Plan, drafts: Sequence[Draft], names: Names, stated: Stated
) -> Iterator[Problem]:
    """Yield where two places of the text disagree, each at the line of the later or less detailed one."""
    entries = [entry for section in root.walk() for entry in cut(section.blocks)]
    fences = [fence for entry in entries for fence in entry.fences()]
    yield from _needs_twice(plan, drafts, names)
    yield from _drawn(drafts, names, stated, fences)
    yield from _verified_twice(drafts, fences)
    yield from _intervals(root, entries)


def _keys(said: Sequence[Said], names: Names) -> tuple[Key, ...]:
    """Return the workstreams that needs fields name, apart from remarks."""
    texts = [each.value[:MAX_NEEDS] for each in said[:MAX_NEEDS_LINES] if not is_none(plain(each.value))]
    return tuple(dict.fromkeys(key for each in texts for key in names.keys_in(_REMARK.sub(" ", each), bare=True)))


def _needs_twice(plan: Plan, drafts: Sequence[Draft], names: Names) -> Iterator[Problem]:
    """A row or a second section with other needs than the workstream's own field; what follows from others is no other."""
    above = ancestors(plan)
    told = 0
    for draft in drafts:
        if not draft.needs or not draft.needs_again or told == MAX_TOLD:
            continue
        own, again = _keys(draft.needs, names), _keys(draft.needs_again, names)
        implied = set(again).union(*(above[key] for key in again))
        line = draft.needs_again[0].line
        lacking = [key for key in again if key not in above[draft.key] and key != draft.key]
        more = [key for key in own if key not in implied and key != draft.key]
        if not again and not all(is_none(plain(each.value)) for each in draft.needs_again):
            continue
        if lacking or more:
            told += 1
            here = ", ".join([*again][:9]) or "nothing"
            there = ", ".join([*own][:9]) or "nothing"
            yield problem(
                Severity.WARNING,
                "table-disagrees",
                line,
                f"{draft.key} needs {here} here, but {there} in line {draft.needs[0].line}.",
                f"Signalbox follows line {draft.needs[0].line}: make both say the same.",
            )


def _drawn(drafts: Sequence[Draft], names: Names, stated: Stated, fences: Sequence[Fence]) -> Iterator[Problem]:
    """Arrows of a drawing that the needs field of a workstream does not know, not even through others."""
    drawn = _edges(names, stated, fences)
    said = {each.key: each.needs for each in drafts if each.needs} if drawn else {}
    fields = {key: _keys(needs, names) for key, needs in said.items()}
    known: dict[Key, set[Key]] = {}
    told = 0
    for (of, on), line in drawn.items():
        if of not in fields or of == on:
            continue
        if of not in known:
            known[of] = _closure(of, fields)
        if on not in known[of] and told < MAX_TOLD:
            told += 1
            at = said[of][0].line
            yield problem(
                Severity.WARNING,
                "graph-disagrees",
                line,
                f"The drawing has {of} wait for {on}; what it needs by line {at} does not include that.",
                f"Signalbox waits for both: add {on} to the needs of {of}, or take the arrow away.",
            )


def _edges(names: Names, stated: Stated, fences: Sequence[Fence]) -> dict[tuple[Key, Key], int]:
    """Return the (waiting, need) pairs that code blocks draw, each with its line."""
    lines = {text.line for fence in fences for text in fence.lines}
    drawn = {(each.of, each.on): each.line for each in stated.edges if each.line in lines}
    left = MAX_EDGES
    for text in (text for fence in fences for text in fence.lines):
        for before, after in pairwise(chain(text.raw, names)):
            left -= len(before) * len(after)
            if left < 0:
                return drawn
            for pair in ((of, on) for of in after for on in before):
                drawn.setdefault(pair, text.line)
    return drawn


def _closure(key: Key, needs: dict[Key, tuple[Key, ...]]) -> set[Key]:
    found: set[Key] = set()
    to_visit = [key]
    while to_visit:
        for each in needs.get(to_visit.pop(), ()):
            if each not in found:
                found.add(each)
                to_visit.append(each)
    return found


@dataclass(frozen=True, slots=True)
class _Check:
    """What a shell block runs right after it merged a branch."""

    commands: tuple[str, ...]
    line: int


def _verified_twice(drafts: Sequence[Draft], fences: Sequence[Fence]) -> Iterator[Problem]:
    """Two shell blocks that merge the same branches and then run different commands."""
    branches = {each.branch.value: each.key for each in drafts if each.branch}
    first: dict[Key, _Check] = {}
    told = 0
    for fence in fences:
        for key, check in _checks(fence, branches).items():
            known = first.setdefault(key, check)
            if known.commands != check.commands and told < MAX_TOLD:
                told += 1
                yield problem(
                    Severity.WARNING,
                    "verify-disagrees",
                    check.line,
                    f"After merging {key} this runs {quoted('; '.join(check.commands))}, "
                    f"but line {known.line} runs {quoted('; '.join(known.commands))}.",
                    "Keep one list of commands.",
                )


def _checks(fence: Fence, branches: dict[str, Key]) -> dict[Key, _Check]:
    """Return what follows each merge of the plan's branches, up to the next merge or blank line behind a command."""
    merged = {each.line: branches.get(each.value.removeprefix("origin/")) for each in merged_in(fence)}
    if sum(key is not None for key in merged.values()) < 2:
        return {}
    found: dict[Key, _Check] = {}
    key: Key | None = None
    for text in fence.lines:
        command = _COMMENT.sub("", text.raw).strip().removeprefix("$ ")
        if text.line in merged:
            key = merged[text.line]
        elif not text.raw.strip() and key in found:
            key = None
        elif key is not None and command and not command.startswith(("git ", "cd ")):
            before = found.get(key)
            commands = (*(before.commands if before else ()), command)
            found[key] = _Check(commands[:20], before.line if before else text.line)
    return found


@dataclass(frozen=True, slots=True)
class _Interval:
    step: int
    unit: str
    line: int
    about: frozenset[str]  # the beginnings of the long words around it


def _about(*texts: str) -> frozenset[str]:
    return frozenset(word[:6].lower() for each in texts for word in _LONG_WORD.findall(each[:300]))


def _intervals(root: Section, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Lists of moments ("Hour 4", "Hour 12") with other gaps than "every 4 hours", told of the same thing."""
    said = list(_every(root, entries))[:MAX_INTERVALS]
    if not said:
        return
    told: set[int] = set()
    for section in root.walk():
        for block in section.blocks:
            moments = list(_moments(block)) if isinstance(block, Items) else []
            about = _about(section.title.plain)
            for each in said:
                same = [(at, line) for at, unit, line in moments if unit == each.unit]
                wrong = next(((a, b) for a, b in pairwise(same) if b[0] - a[0] != each.step), None)
                if wrong is None or len(same) < 3 or block.line in told or not each.about & about:
                    continue
                told.add(block.line)
                yield problem(
                    Severity.NOTE,
                    "interval-disagrees",
                    wrong[1][1],
                    f"This goes from {each.unit} {wrong[0][0]} to {wrong[1][0]}, "
                    f"but line {each.line} says every {each.step} {each.unit}s.",
                    "Make both say the same.",
                )


def _every(root: Section, entries: Sequence[Entry]) -> Iterator[_Interval]:
    texts = [(each.title, "") for each in root.walk()]
    texts += [(text, entry.label) for entry in entries for text, _ in entry.rows()]
    for text, label in texts:
        if match := _EVERY.search(text.raw):
            yield _Interval(int(match["step"]), match["unit"].lower(), text.line, _about(text.plain, label))


def _moments(block: Items) -> Iterator[tuple[int, str, int]]:
    for text in (item.text for item in block.items if item.lines):
        if match := _MOMENT.match(_plain_start(text)):
            yield int(match["at"]), match["unit"].lower(), text.line


def _plain_start(text: Text) -> str:
    return text.plain[:60]
