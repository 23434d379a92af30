"""Says of everything in a plan which line it came from and how plainly that line says it.

Last step of the reader, beside the Plan itself. Must not read text: the drafts, needs and orders know their lines.
"""

from collections.abc import Iterator, Sequence

from bot.core.model import Aspect, Key, Origin, Sureness
from bot.core.plan.draft import Draft, Order, Said
from bot.core.plan.needs import Stated

Own = frozenset[tuple[Key, Said]]


def own_of(drafts: Sequence[Draft]) -> Own:
    """Return what the drafts say now. Taken before other places of the text are read, it is what they say themselves."""
    return frozenset(
        (each.key, value) for each in drafts for value in (*each.files, *([each.branch] if each.branch else []))
    )


def origins_of(drafts: Sequence[Draft], own: Own, stated: Stated, orders: Sequence[Order]) -> tuple[Origin, ...]:
    """Return the origins, workstream by workstream in plan order, the merge order last.

    What is not in `own` was found elsewhere in the text, in a list or a table that names the workstream: derived.
    """
    found: list[Origin] = []
    for each in drafts:
        found += _of_draft(each, own)
        found += _of_needs(each.key, [on.key for on in drafts], stated)
    return (*found, *(_of_order(orders[0]) if orders else ()))


def _of_draft(draft: Draft, own: Own) -> Iterator[Origin]:
    named = bool(draft.candidate.key)  # without a key in the text it is a workstream by its place in a list alone
    sure = Sureness.STATED if named else Sureness.GUESSED
    yield Origin(kind=Aspect.WORKSTREAM, of=draft.key, what=draft.title, line=draft.line, sure=sure)
    values = [(Aspect.BRANCH, draft.branch)] if draft.branch else []
    for kind, value in (*values, *((Aspect.FILE, each) for each in draft.files)):
        sure = Sureness.STATED if (draft.key, value) in own else Sureness.DERIVED
        yield Origin(kind=kind, of=draft.key, what=value.value, line=value.line, sure=sure)


def _of_needs(key: Key, keys: Sequence[Key], stated: Stated) -> Iterator[Origin]:
    edges = {each.on: each for each in reversed(stated.edges) if each.of == key}
    for on in keys:
        if on != key and on in edges:
            yield Origin(kind=Aspect.NEED, of=key, what=on, line=edges[on].line, sure=edges[on].sure)


def _of_order(order: Order) -> Iterator[Origin]:
    sure = Sureness.DERIVED if order.loose and order.sure is Sureness.STATED else order.sure
    for n, wave in enumerate(order.waves):
        for key in wave:
            yield Origin(kind=Aspect.ORDER, of=key, what=str(n + 1), line=order.line_of(n), sure=sure)
