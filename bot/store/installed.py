"""Which repositories the App may see: each has a lane of its own, and that lane is the record.

Must not wake anybody; the caller knows whether there is something to look at.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.batches import batched
from bot.store.db import insert_into
from bot.store.lanes import PORTION, LaneKind, ensure_lane, in_order
from bot.store.tables import lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository and the installation through which it is seen."""

    id: int
    installation_id: int
    full_name: str  # "owner/name", as it is called now

    async def lane(self, session: AsyncSession, issue: int | None = None) -> int:
        """Return the lane of a plan's issue, or with None that of the repository; make it if there is none (T2)."""
        return await ensure_lane(
            session,
            LaneKind.REPOSITORY if issue is None else LaneKind.PLAN,
            installation_id=self.installation_id,
            repository_id=self.id,
            full_name=self.full_name,
            number=issue or 0,
        )


async def see(session: AsyncSession, repository: Repository) -> bool:
    """Note a repository as a delivery shows it, with its newest name for all its lanes (T2). True = it is news."""
    return bool(await see_all(session, [repository]))


async def see_all(session: AsyncSession, repositories: Iterable[Repository]) -> list[Repository]:
    """Note any number of repositories; return those that are news (T2). Of one that is named twice the last counts.

    Only what differs is written, and by two statements at most: nearly always all of it is known.
    """
    await in_order(session)
    wanted = {each.id: each for each in repositories}
    known = await _known(session, wanted)
    stale = {row.repository_id for row in known if _differs(row, wanted[row.repository_id])}
    new = wanted.keys() - {row.repository_id for row in known if row.kind == LaneKind.REPOSITORY.value}
    connection = await session.connection()
    if stale:
        await connection.execute(_RENAME, [_bound(wanted[each]) for each in sorted(stale)])
    news = [each for each in wanted.values() if each.id in new]
    if news:
        insert = insert_into(session, lanes).values(kind=LaneKind.REPOSITORY.value, number=0).on_conflict_do_nothing()
        rows = [
            {"repository_id": each.id, "installation_id": each.installation_id, "full_name": each.full_name}
            for each in news
        ]
        await connection.execute(insert, rows)
    return news


async def _known(session: AsyncSession, repository_ids: Collection[int]) -> list[Row[tuple[int, str, int, str]]]:
    """Return under which names, installations and kinds of lanes these repositories are known, each such once."""
    columns = (lanes.c.repository_id, lanes.c.kind, lanes.c.installation_id, lanes.c.full_name)
    rows: list[Row[tuple[int, str, int, str]]] = []
    for some in batched(repository_ids, PORTION):
        rows += await session.execute(select(*columns).where(lanes.c.repository_id.in_(some)).distinct())
    return rows


def _differs(row: Row[tuple[int, str, int, str]], about: Repository) -> bool:
    return (row.installation_id, row.full_name) != (about.installation_id, about.full_name)


def _bound(about: Repository) -> dict[str, int | str]:
    return {"of": about.id, "installation": about.installation_id, "name": about.full_name}


_RENAME = (
    update(lanes)
    .where(
        lanes.c.repository_id == bindparam("of"),
        or_(lanes.c.installation_id != bindparam("installation"), lanes.c.full_name != bindparam("name")),
    )
    .values(installation_id=bindparam("installation"), full_name=bindparam("name"))
)


async def lose(session: AsyncSession, repository_ids: Collection[int], installation_id: int) -> None:
    """Let the lanes of repositories rest that an installation may no longer see; they keep all they know until it is back (T2).

    A repository that was transferred belongs to another installation by then, which loses nothing.
    """
    await in_order(session)
    if repository_ids:
        gone = [{"of": each, "installation": installation_id} for each in repository_ids]
        of_it = (lanes.c.repository_id == bindparam("of"), lanes.c.installation_id == bindparam("installation"))
        await (await session.connection()).execute(update(lanes).where(*of_it).values(_RESTING), gone)


async def lose_installation(session: AsyncSession, installation_id: int) -> None:
    """Let everything of an installation rest that was removed or suspended (T2)."""
    await in_order(session)
    await session.execute(update(lanes).where(lanes.c.installation_id == installation_id).values(_RESTING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A lane whose last turn failed and that is to be tried again."""

    lane_id: int
    installation_id: int
    repository_id: int
    wake_seq: int  # as it was seen


async def failing(session: AsyncSession) -> list[Failing]:
    """Return the lanes that fail, oldest first: those of a repository that was lost without a word do."""
    columns = (lanes.c.id, lanes.c.installation_id, lanes.c.repository_id, lanes.c.wake_seq)
    fails = (lanes.c.due_at.is_not(None), lanes.c.error.is_not(None))
    rows = await session.execute(select(*columns).where(*fails).order_by(lanes.c.id))
    return [
        Failing(
            lane_id=row.id,
            installation_id=row.installation_id,
            repository_id=row.repository_id,
            wake_seq=row.wake_seq,
        )
        for row in rows
    ]


async def let_rest(session: AsyncSession, lost: Collection[Failing]) -> None:
    """Let lanes rest that fail because the App lost their repositories, but for those woken since they were seen (T2)."""
    await in_order(session)
    if lost:
        rows = [{"lane": each.lane_id, "seen": each.wake_seq} for each in lost]
        as_seen = (lanes.c.id == bindparam("lane"), lanes.c.wake_seq == bindparam("seen"))
        await (await session.connection()).execute(update(lanes).where(*as_seen).values(**_RESTING, failures=0), rows)


_RESTING = {"due_at": None, "wake_seq": lanes.c.wake_seq + 1}
