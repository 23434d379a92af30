"""Doubts about who owns which file: two owners, lines that overlap, a secondary owner alone, tables that disagree.

Each check looks at no more than a stated number of pairs. Must not change the plan.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from bot.core.model import Key, Plan, Problem, Severity
from bot.core.plan.draft import Draft, Lines, Owned, Role, Said, Verb
from bot.core.plan.globs import Clash, clashes, overlap
from bot.core.plan.graph import ancestors
from bot.core.plan.ownership import ranges_said
from bot.core.plan.problems import problem, quoted
from bot.core.plan.references import Names

MAX_OVERLAPS = 50  # a plan with more of one kind than that has one fault, not a thousand
MAX_CLASHES = 500  # that are judged; the worst of them are shown
MAX_CLAIMS = 200  # of one file that are compared with each other


def owners_of_one_file(plan: Plan, drafts: Sequence[Draft], exclusive: Said | None) -> Iterator[Problem]:
    """Two owners of one file: doubtful where they may run in parallel, or where the plan says that nothing overlaps.

    Where one lands before the other, where the plan itself shares the file, or where their lines are apart, it is a
    note. `exclusive` is the sentence that says that nothing overlaps.
    """
    above = ancestors(plan)
    clashing, complete = clashes([[each.value for each in draft.files] for draft in drafts], MAX_CLASHES)
    lines = [{each.value: each.line for each in draft.files} for draft in drafts]
    claims = [_by_path(draft.owned) for draft in drafts] if clashing else []
    found: list[Problem] = []
    for clash in clashing:
        one, other = drafts[clash.one], drafts[clash.other]
        mine, theirs = claims[clash.one].get(clash.path, []), claims[clash.other].get(clash.other_path, [])
        first, second = lines[clash.one][clash.path], lines[clash.other][clash.other_path]
        owners = (
            f"{_shown(clash)}: {_verb(mine, theirs)} by {one.key} (line {first}{_condition(mine)}) "
            f"and by {other.key} (line {second}{_condition(theirs)})"
        )
        ordered = one.key in above[other.key] or other.key in above[one.key]
        severity, why, hint = _judged(mine, theirs, ordered=ordered, exclusive=exclusive)
        found.append(problem(severity, "overlapping-files", second, f"{owners}{why}.", hint))
    yield from sorted(found, key=lambda each: each.severity is Severity.NOTE)[:MAX_OVERLAPS]
    if not complete or len(found) > MAX_OVERLAPS:
        yield _unchecked()


def _unchecked() -> Problem:
    return problem(
        Severity.NOTE,
        "overlaps-unchecked",
        0,
        "The files of this plan overlap too often, or hold too many globs, to show every overlap.",
        "Give each workstream folders of its own.",
    )


def _judged(
    mine: Sequence[Owned], theirs: Sequence[Owned], *, ordered: bool, exclusive: Said | None
) -> tuple[Severity, str, str]:
    """Return how bad two owners are, why, and what to do; the first reason that holds."""
    if _apart(mine, theirs):
        return Severity.NOTE, ", in different lines", "The later one has to rebase if the lines move."
    if not ordered and not (_shared(mine) and _shared(theirs)):
        why = ", which may run in parallel"
        return Severity.WARNING, why, "Let one of them own the file, or let one depend on the other."
    if exclusive is not None:
        why = f", though line {exclusive.line} says that ownership does not overlap"
        return Severity.WARNING, why, "Let one of them own the file."
    if ordered:
        return Severity.NOTE, ", one after the other", "The later one has to rebase."
    return Severity.NOTE, ", which share it", "Whoever merges second has to rebase."


def _by_path(owned: Sequence[Owned]) -> dict[str, list[Owned]]:
    found: dict[str, list[Owned]] = defaultdict(list)
    for each in owned:
        found[each.path].append(each)
    return found


def _shown(clash: Clash) -> str:
    same = clash.path == clash.other_path
    return quoted(clash.path) if same else f"{quoted(clash.path)} and {quoted(clash.other_path)}"


def _verb(mine: Sequence[Owned], theirs: Sequence[Owned]) -> str:
    verbs = {each.verb for each in (*mine, *theirs) if not each.table}
    if verbs == {Verb.CREATE}:
        return "created"
    return "deleted" if verbs == {Verb.DELETE} else "owned"


def _condition(claims: Sequence[Owned]) -> str:
    said = next((each.condition for each in claims if each.condition), "")
    return f", {quoted(said)}" if said else ""


def _shared(claims: Sequence[Owned]) -> bool:
    return any(each.role is Role.SHARED for each in claims)


def _apart(mine: Sequence[Owned], theirs: Sequence[Owned]) -> bool:
    first, second = ([each.lines for each in claims if each.lines] for claims in (mine, theirs))
    pairs = [_common(one, other) for one in first[:20] for other in second[:20]]
    return bool(pairs) and not any(pairs)


def _common(one: Lines, other: Lines) -> Lines | None:
    """Return the lines of both, None if they only meet: "1-700" and "700+" are meant to be side by side."""
    first = max(one.first, other.first)
    ends = [each.last for each in (one, other) if each.last is not None]
    last = min(ends) if ends else None
    if last is not None and (last < first or (last == first and one.first != one.last and other.first != other.last)):
        return None
    return Lines(first, last)


def lines_that_overlap(drafts: Sequence[Draft], names: Names) -> Iterator[Problem]:
    """Ranges of one file that two workstreams claim, and places that a workstream names outside its own range."""
    claims: dict[str, list[tuple[Key, Owned]]] = defaultdict(list)
    for draft in drafts:
        for each in draft.owned:
            if each.lines is not None:
                claims[each.path].append((draft.key, each))
    if not claims:
        return
    left = MAX_OVERLAPS
    pointed = _said(drafts, names, claims)
    for path, every in claims.items():
        for (one, mine), (other, theirs) in combinations(every[:MAX_CLAIMS], 2):
            common = _common(mine.lines, theirs.lines) if one != other and mine.lines and theirs.lines else None
            if common is None:
                continue
            early, late = sorted([(mine.line, one, mine.lines), (theirs.line, other, theirs.lines)], key=lambda e: e[0])
            if not left:
                return
            left -= 1
            yield problem(
                Severity.WARNING,
                "overlapping-lines",
                late[0],
                f"Lines {common} of {quoted(path)} belong to {early[1]} ({early[2]}, line {early[0]}) "
                f"and to {late[1]} ({late[2]}, line {late[0]}).",
                "Draw one border between the two.",
            )
    yield from list(_outside(pointed, claims))[:MAX_OVERLAPS]


_Point = tuple[Key, str, Lines, int]


def _said(drafts: Sequence[Draft], names: Names, claims: dict[str, list[tuple[Key, Owned]]]) -> list[_Point]:
    """Return the places that sentences name, and add the ranges among them to the claims."""
    by_end: dict[str, list[str]] = defaultdict(list)
    for path in claims:
        by_end[path.rpartition("/")[2]].append(path)
    ranged: dict[Key, dict[str, None]] = defaultdict(dict)
    for path, every in claims.items():
        for key, _ in every:
            ranged[key][path] = None
    points: list[_Point] = []
    for draft in drafts:
        if draft.key not in ranged:
            continue
        for key, named, lines, line in ranges_said(draft, names):
            known = [each for each in by_end.get(named.rpartition("/")[2], []) if each.endswith(named)]
            mine = [each for each in (known if named else ranged.get(key, {})) if each in ranged.get(key, {})]
            if len(mine) != 1:
                continue
            if lines.last == lines.first:
                points.append((key, mine[0], lines, line))
            else:
                claims[mine[0]].append((key, Owned(mine[0], line, lines=lines)))
    return points


def _outside(points: Sequence[_Point], claims: dict[str, list[tuple[Key, Owned]]]) -> Iterator[Problem]:
    for key, path, place, line in points:
        every = [(who, each) for who, each in claims[path][:MAX_CLAIMS] if each.lines]
        holders = {who: each for who, each in reversed(every) if each.lines and _holds(each.lines, place.first)}
        own = next((each for who, each in every if who == key), None)
        if key in holders or own is None:
            continue
        others = " and ".join(f"{who} (line {each.line})" for who, each in [*holders.items()][:3])
        yield problem(
            Severity.WARNING,
            "overlapping-lines",
            line,
            f"{key} points at line {place} of {quoted(path)}, outside its own lines {own.lines} (line {own.line})"
            + (f": that is {others}." if others else "."),
            "Move the border, or the work.",
        )


def _holds(lines: Lines, line: int) -> bool:
    return lines.first <= line and (lines.last is None or line <= lines.last)


def secondary_alone(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """A file that has secondary owners in an ownership table and nobody who is more than that."""
    owners: dict[str, list[tuple[Key, Owned]]] = defaultdict(list)
    for draft in drafts:
        for each in draft.owned:
            if each.table:
                owners[each.path].append((draft.key, each))
    alone = [(path, every) for path, every in owners.items() if all(each.role is Role.SECONDARY for _, each in every)]
    for path, every in alone[:MAX_OVERLAPS]:
        keys = list(dict.fromkeys(key for key, _ in every))
        who = f"{', '.join(keys[:9])} {'is' if len(keys) == 1 else 'are all'} secondary"
        yield problem(
            Severity.WARNING,
            "secondary-without-primary",
            every[0][1].line,
            f"{quoted(path)} has no primary owner: {who}.",
            "Make one of them its primary owner.",
        )


def table_against_text(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """A table that gives a workstream a file that its own list lacks, or gives a file of its list to others only."""
    tabled: dict[str, dict[Key, int]] = defaultdict(dict)
    for draft in drafts:
        for each in draft.owned:
            if each.table:
                tabled[each.path].setdefault(draft.key, each.line)
    left = MAX_OVERLAPS
    for draft in drafts:
        own = {each.path: each.line for each in draft.owned if not each.table}
        if not own or not tabled:
            continue
        for message, line in _differences(draft, own, tabled):
            if not left:
                return
            left -= 1
            yield problem(
                Severity.WARNING, "table-disagrees", line, message, "Change the table or the list of the workstream."
            )


def _differences(draft: Draft, own: dict[str, int], tabled: dict[str, dict[Key, int]]) -> Iterator[tuple[str, int]]:
    first = min(own.values())
    listed = list(own)[:MAX_CLAIMS]
    given = dict.fromkeys(each.path for each in draft.owned if each.table)
    for path in [each for each in given if each not in own][:MAX_OVERLAPS]:
        if not any(overlap(path, each) for each in listed):
            line = tabled[path][draft.key]
            yield f"The table gives {quoted(path)} to {draft.key}, whose own list (line {first}) lacks it.", line
    for path, line in own.items():
        others = tabled.get(path, {})
        if others and draft.key not in others:
            who = ", ".join(f"{key} (line {at})" for key, at in [*others.items()][:3])
            yield f"{draft.key} lists {quoted(path)}, which the table gives to {who}.", line
