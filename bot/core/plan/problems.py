"""What is wrong with the keys, branches, needs and orders of a plan, and how every check words a problem.

The codes are documented in docs/plan-format.md. Must not change the plan. Texts are plain; what the author wrote is cut
short, and escaped by whoever shows it.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from bot.core.model import Key, Plan, Problem, Severity
from bot.core.plan.branches import why_invalid
from bot.core.plan.draft import Draft, Order
from bot.core.plan.graph import find_cycle
from bot.core.plan.keys import MAX_KEY
from bot.core.plan.needs import Stated, names_nothing
from bot.core.plan.order import position_in
from bot.core.plan.refusal import Refusal

NO_WORKSTREAMS = "no-workstreams"  # the code of the problem that says why a text is no plan
MAX_BODY = 65_536  # characters; https://docs.github.com/en/rest/issues/issues refuses a longer body
MAX_WORKSTREAMS = 100
MAX_QUOTE = 80  # characters of the author's text in a message


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


def mended(line: int) -> Problem:
    """Return the note that garbled characters were read as what they were."""
    return problem(
        Severity.NOTE,
        "garbled-text",
        line,
        "Here and perhaps below, characters were saved in the wrong encoding; they were read as what they were.",
        "Save the text as UTF-8 when you edit it next.",
    )


def no_workstreams(refusal: Refusal) -> Problem:
    """Return the problem of a text in which no list of workstreams was found, and why."""
    return error(NO_WORKSTREAMS, 0, refusal.message, refusal.hint)


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


def of_keys(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Keys that are too long to show."""
    for draft in drafts:
        if len(draft.key) > MAX_KEY:
            yield error(
                "key-too-long",
                draft.line,
                f"The key {quoted(draft.key)} is longer than {MAX_KEY} characters.",
                "Use a short key such as W1.",
            )


def of_branches(plan: Plan, drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Branch names that git refuses, or that two workstreams cannot both have."""
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


def of_needs(stated: Stated) -> Iterator[Problem]:
    """Needs that name no workstream of the plan."""
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


def of_cycles(plan: Plan, stated: Stated) -> Iterator[Problem]:
    """Workstreams that wait for themselves, directly or through others."""
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


def of_orders(stated: Stated, orders: Sequence[Order]) -> Iterator[Problem]:
    """A merge order that disagrees with the needs, or with another one."""
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
