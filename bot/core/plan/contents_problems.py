"""What a workstream leaves unsaid, and what looks done before the plan begins. Must not change the plan."""

import re
from collections.abc import Iterator, Sequence

from bot.core.model import Key, Problem, Severity
from bot.core.plan.draft import Draft, Order
from bot.core.plan.needs import Stated
from bot.core.plan.order import position_in
from bot.core.plan.problems import problem, quoted
from bot.core.plan.vocabulary import DONE_WORDS

MAX_SHOWN = 9  # workstreams in one message
MAX_STATUS = 6  # words; a longer status is a sentence about something else
_DONE = re.compile(
    rf"(?<!\w)(?<!not )(?<!\bun)(?:{'|'.join(re.escape(each) for each in DONE_WORDS)})(?!\w)", re.IGNORECASE
)


def left_unsaid(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Workstreams without acceptance, without files, or without a command that checks them though others have one.

    A plan without any command leaves the checks to CI, which is no fault.
    """
    checked = any(each.validation for each in drafts)
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
        if checked and not draft.validation:
            yield problem(
                Severity.NOTE,
                "no-validation",
                draft.line,
                f"{draft.key} names no command that checks it, though others do.",
                "Add a 'Validation:' list with the commands to run.",
            )


def _is_done(status: str) -> bool:
    return bool(_DONE.match(status)) and len(status.split()) <= MAX_STATUS


def done_already(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Workstreams that are ticked, or whose status says that they are done: one note for all of them."""
    done: list[tuple[int, str]] = []
    for draft in drafts:
        if draft.ticked:
            done.append((draft.line, f"{draft.key} (ticked, line {draft.line})"))
        elif draft.status is not None and _is_done(draft.status.value):
            done.append((draft.status.line, f"{draft.key} ({quoted(draft.status.value)}, line {draft.status.line})"))
    if done:
        more = f" and {len(done) - MAX_SHOWN} more" if len(done) > MAX_SHOWN else ""
        yield problem(
            Severity.NOTE,
            "looks-done",
            min(done)[0],
            f"{', '.join(each for _, each in done[:MAX_SHOWN])}{more} {'looks' if len(done) == 1 else 'look'} done already.",
            "Take out what is done: Signalbox gives every workstream a branch and waits for its merge.",
        )


def nothing_orders(drafts: Sequence[Draft], stated: Stated, orders: Sequence[Order]) -> Iterator[Problem]:
    """Workstreams that stand in no wave of the order that is given, need nobody, and are needed by nobody."""
    if not orders:
        return
    ordered: set[Key] = set(position_in(orders[0]))
    ordered.update(key for each in stated.edges for key in (each.of, each.on))
    for draft in drafts:
        if draft.key not in ordered and not draft.ticked:
            yield problem(
                Severity.WARNING,
                "order-orphan",
                draft.line,
                f"Nothing orders {draft.key}: it is in no wave, needs nobody, and nobody needs it.",
                f"Add it to the merge order in line {orders[0].line}, or say that it may merge at any time.",
            )
