"""Which lane has the next turn: first what is urgent, then one installation after the other, then what is due longest.

Must not claim: lanes.py executes what stands here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.db import database_now
from bot.store.tables import lanes

LEASE = 60  # seconds; renewed all along a turn and before each action

LEASED = (
    lanes.c.id, lanes.c.lease_token, lanes.c.wake_seq, lanes.c.kind, lanes.c.installation_id, lanes.c.repository_id,
    lanes.c.full_name, lanes.c.number, lanes.c.failures, lanes.c.urgent,
)  # fmt: skip


@dataclass(slots=True)
class Round:
    """How far a process has come in its rounds over the installations, which it makes in the order of their ids."""

    served: dict[bool, int] = field(default_factory=dict)  # who had the last turn: of urgent lanes, of the others

    @property
    def parameters(self) -> dict[str, int]:
        """Return what `claiming` is to be executed with."""
        return {"served": self.served.get(False, 0), "served_urgent": self.served.get(True, 0)}


@cache
def claiming(kind: str | None, urgent_first: bool) -> ReturningUpdate[Any]:
    """Return the statement that claims the next lane, kept because to make it takes as long as to execute it."""
    pick = func.coalesce(*(_next(kind, urgent) for urgent in (urgent_first, not urgent_first)))
    # The predicate stands in the outer statement too, so that it is right without row locks (SQLite has none).
    return (
        update(lanes)
        .where(lanes.c.id == pick, *_free(kind, database_now()))
        .values(lease_token=bindparam("token"), lease_until=database_now(LEASE))
        .returning(*LEASED)
    )


def _next(kind: str | None, urgent: bool) -> ColumnElement[int]:
    """The lane that is due longest of the first installation after the one served last that has one due; NULL = none.

    Nothing but index entries of installations without a lane that is due is passed over, and those only if some lane is.
    """
    served = bindparam("served_urgent" if urgent else "served", type_=BigInteger)
    after, before = lanes.c.installation_id > served, lanes.c.installation_id <= served
    found = func.coalesce(*(_first(kind, urgent, part) for part in (after, before)))
    # which lane that is does not matter, but in an order PostgreSQL never reads the whole table for it
    some = select(lanes.c.id).where(lanes.c.urgent.is_(urgent), *_free(kind, _now())).order_by(lanes.c.due_at).limit(1)
    return case((some.scalar_subquery().is_not(None), found))


def _first(kind: str | None, urgent: bool, part: ColumnElement[bool]) -> ColumnElement[int]:
    return (
        select(lanes.c.id)
        .where(lanes.c.urgent.is_(urgent), part, *_free(kind, _now()))
        .order_by(lanes.c.installation_id, lanes.c.due_at, lanes.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .scalar_subquery()
    )


def _now() -> ColumnElement[datetime]:
    return select(database_now()).scalar_subquery()  # taken once: else PostgreSQL cannot search an index for it


def _free(kind: str | None, at: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
    """What a lane must be to be claimed at that time."""
    free = [lanes.c.due_at <= at, or_(lanes.c.lease_until.is_(None), lanes.c.lease_until <= at)]
    return free if kind is None else [*free, lanes.c.kind == kind]
