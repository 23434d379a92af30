"""What is wrong or doubtful about a plan, each with a stable code, its line and what to do.

The codes are documented in docs/plan-format.md. Must not change the plan. Texts are plain; what the author wrote is cut
short, and escaped by whoever shows it.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from bot.core.model import Key, Plan, Problem, Severity
from bot.core.plan.branches import why_invalid
from bot.core.plan.draft import Draft, Order, Said
from bot.core.plan.graph import ancestors, find_cycle
from bot.core.plan.keys import MAX_KEY
from bot.core.plan.needs import Stated, names_nothing
from bot.core.plan.order import position_in
from bot.core.plan.paths import overlap

MAX_BODY = 65_536  # characters; https://docs.github.com/en/rest/issues/issues refuses a longer body
MAX_WORKSTREAMS = 100
MAX_QUOTE = 80  # characters of the author's text in a message
MAX_OVERLAPS = 50  # a plan with more overlaps than that has one fault, not a thousand


def quoted(text: str) -> str:
    """Return the author's words for a message: one line, in quotes, cut to 80 characters."""
    words = " ".join(text.split())
    return f"'{words}'" if len(words) <= MAX_QUOTE else f"'{words[: MAX_QUOTE - 1]}…'"


def problem(severity: Severity, code: str, line: int, message: str, hint: str) -> Problem:
    """Return a problem; short to write where many are made."""
    return Problem(line=line, severity=severity, code=code, message=message, hint=hint)


def error(code: str, line: int, message: str, hint: str) -> Problem:
    """Return a problem that blocks a start."""
    return problem(Severity.ERROR, code, line, message, hint)


def too_long(length: int) -> Problem:
    """Return the problem of a body that is longer than GitHub keeps."""
    return error(
        "body-too-long",
        0,
        f"The text has {length} characters, more than the {MAX_BODY} of an issue.",
        "Split the plan into several issues.",
    )


def no_workstreams() -> Problem:
    """Return the problem of a text in which no list of workstreams was found."""
    return error(
        "no-workstreams",
        0,
        "No workstreams were found in this text.",
        "Give each workstream a heading such as '### W1: Title' with its Branch, Files and Depends on, "
        "or a checkbox such as '- [ ] **W1: Title**'.",
    )


def too_many(count: int) -> Problem:
    """Return the problem of a plan with more workstreams than are handled at once."""
    return error(
        "too-many-workstreams",
        0,
        f"The plan has {count} workstreams, more than {MAX_WORKSTREAMS}.",
        "Split the plan into several issues.",
    )


def duplicate_key(key: str, line: int, first: int) -> Problem:
    """Return the problem of two workstreams with one key."""
    return error(
        "duplicate-key",
        line,
        f"{quoted(key)} is the key of the workstream in line {first} already.",
        "Give one of them another key.",
    )


def check(
    plan: Plan, drafts: Sequence[Draft], stated: Stated, orders: Sequence[Order], exclusive: Said | None
) -> tuple[Problem, ...]:
    """Return the problems of a plan that was read, sorted by line.

    `exclusive` is the sentence that says that no two workstreams own one file, None if the plan says no such thing.
    """
    found = [
        *_keys(drafts),
        *_branches(plan, drafts),
        *_needs(stated),
        *_cycle(plan, drafts, stated),
        *_order(stated, orders),
        *_files(plan, drafts, exclusive),
        *_missing(drafts),
    ]
    return tuple(sorted(found, key=lambda each: each.line))


def _keys(drafts: Sequence[Draft]) -> Iterator[Problem]:
    for draft in drafts:
        if len(draft.key) > MAX_KEY:
            yield error(
                "key-too-long",
                draft.line,
                f"The key {quoted(draft.key)} is longer than {MAX_KEY} characters.",
                "Use a short key such as W1.",
            )


def _branches(plan: Plan, drafts: Sequence[Draft]) -> Iterator[Problem]:
    owners: dict[str, Key] = {}
    for draft in drafts:
        if draft.branch is None:
            continue
        name, line = draft.branch.value, draft.branch.line
        if reason := why_invalid(name):
            yield error(
                "invalid-branch",
                line,
                f"{quoted(name)} cannot be a branch name: {reason}.",
                f"Name the branch of {draft.key} in letters, digits, '-' and '/'.",
            )
        if name == plan.base:
            yield error(
                "branch-collision",
                line,
                f"The branch {quoted(name)} of {draft.key} is the base that the plan merges into.",
                "Give the workstream a branch of its own.",
            )
        for other, owner in owners.items():
            if name == other:
                yield error(
                    "branch-collision",
                    line,
                    f"{draft.key} has the branch {quoted(name)} of {owner} as well.",
                    "Give each workstream a branch of its own.",
                )
            elif name.startswith(f"{other}/") or other.startswith(f"{name}/"):
                yield error(
                    "branch-collision",
                    line,
                    f"git cannot hold {quoted(name)} and {quoted(other)} at once: one is a folder of the other.",
                    "Rename one of them.",
                )
        owners.setdefault(name, draft.key)


def _needs(stated: Stated) -> Iterator[Problem]:
    for of, words, nearest in stated.unknown:
        if names_nothing(words.value):
            yield problem(
                Severity.WARNING,
                "external-need",
                words.line,
                f"{of} depends on {quoted(words.value)}, which is not in this plan.",
                "Signalbox does not wait for it: see to it that it is done before you start.",
            )
            continue
        hint = f"Did you mean {nearest}?" if nearest else "Add that workstream or remove it from the needs."
        yield error(
            "unknown-need",
            words.line,
            f"{of} depends on {quoted(words.value)}, which is no workstream of this plan.",
            hint,
        )


def _cycle(plan: Plan, drafts: Sequence[Draft], stated: Stated) -> Iterator[Problem]:
    lines = {(each.of, each.on): each.line for each in stated.edges}
    for need in stated.edges:
        if need.of == need.on:
            yield error("self-need", need.line, f"{need.of} depends on itself.", "Remove that need.")
    path = find_cycle(plan)
    if path is not None:
        first = next((lines[pair] for pair in pairwise(path) if pair in lines), 0)
        yield error(
            "cycle",
            first,
            f"These workstreams wait for each other: {_path(path)}.",
            "Remove one of these needs, or change the merge order.",
        )


def _path(path: Sequence[Key]) -> str:
    shown = [*path[:9], "…", path[-1]] if len(path) > 12 else list(path)
    return " needs ".join(shown)


def _order(stated: Stated, orders: Sequence[Order]) -> Iterator[Problem]:
    if not orders:
        return
    first = orders[0]
    places = position_in(first)
    for need in stated.edges:
        if need.of not in places or need.on not in places or need.of == need.on:
            continue
        if places[need.of] < places[need.on] or (places[need.of] == places[need.on] and not first.loose):
            where = "before" if places[need.of] < places[need.on] else "together with"
            yield problem(
                Severity.WARNING,
                "order-disagrees",
                need.line,
                f"{need.of} needs {need.on}, but the merge order in line {first.line} puts it {where} {need.on}.",
                "Change the need or the merge order.",
            )
    for other in orders[1:]:
        if _contradicts(places, position_in(other)):
            yield problem(
                Severity.WARNING,
                "order-stated-twice",
                other.line,
                f"The merge order here differs from the one in line {first.line}.",
                f"Signalbox follows the one in line {first.line}: keep one of them.",
            )


def _contradicts(one: dict[Key, int], other: dict[Key, int]) -> bool:
    shared = [each for each in one if each in other]
    return any(
        (one[a] < one[b]) != (other[a] < other[b]) and (one[a] > one[b]) != (other[a] > other[b])
        for a, b in combinations(shared, 2)
    )


def _files(plan: Plan, drafts: Sequence[Draft], exclusive: Said | None) -> Iterator[Problem]:
    """Two owners of one file: doubtful where they may run in parallel, or where the plan says that nothing overlaps.

    Where one lands before the other it is a note: the later one rebases.
    """
    above = ancestors(plan)
    count = 0
    for one, other in combinations(drafts, 2):
        ordered = one.key in above[other.key] or other.key in above[one.key]
        for first, second in _shared(one.files, other.files):
            count += 1
            if count > MAX_OVERLAPS:
                return
            shown = (
                quoted(first.value)
                if first.value == second.value
                else f"{quoted(first.value)} and {quoted(second.value)}"
            )
            owners = f"{shown}: owned by {one.key} (line {first.line}) and by {other.key} (line {second.line})"
            if not ordered:
                yield problem(
                    Severity.WARNING,
                    "overlapping-files",
                    second.line,
                    f"{owners}, which may run in parallel.",
                    "Let one of them own the file, or let one depend on the other.",
                )
            elif exclusive is not None:
                yield problem(
                    Severity.WARNING,
                    "overlapping-files",
                    second.line,
                    f"{owners}, though line {exclusive.line} says that ownership does not overlap.",
                    "Let one of them own the file.",
                )
            else:
                yield problem(
                    Severity.NOTE,
                    "overlapping-files",
                    second.line,
                    f"{owners}, one after the other.",
                    "The later one has to rebase.",
                )


def _shared(ones: Sequence[Said], others: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    for first in ones[:200]:
        for second in others[:200]:
            if overlap(first.value, second.value):
                yield first, second


def _missing(drafts: Sequence[Draft]) -> Iterator[Problem]:
    for draft in drafts:
        if not draft.acceptance:
            yield problem(
                Severity.NOTE,
                "no-acceptance",
                draft.line,
                f"{draft.key} says nothing about when it is done.",
                "Add an 'Acceptance:' list.",
            )
        if not draft.files:
            yield problem(
                Severity.NOTE,
                "no-files",
                draft.line,
                f"{draft.key} names no files, so overlaps with others cannot be seen.",
                "Add a 'Files:' list.",
            )
