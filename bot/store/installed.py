"""Which repositories the App may see: each has a lane of its own, and that lane is the record.

Must not wake anybody; the caller knows whether there is something to look at.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.lanes import LaneKind, ensure_lane, in_order
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
    await in_order(session)
    about = {"installation_id": repository.installation_id, "full_name": repository.full_name}
    of_it = lanes.c.repository_id == repository.id
    other = or_(*(lanes.c[name] != value for name, value in about.items()))
    await session.execute(update(lanes).where(of_it, other).values(**about))
    known = select(lanes.c.id).where(of_it, lanes.c.kind == LaneKind.REPOSITORY.value)
    if (await session.execute(known)).first() is not None:
        return False
    await repository.lane(session)
    return True


async def lose(session: AsyncSession, repository_id: int, installation_id: int) -> None:
    """Let the lanes of a repository rest that an installation may no longer see; they keep all they know until it is back (T2).

    A repository that was transferred belongs to another installation by then, which loses nothing.
    """
    await _rest(session, and_(lanes.c.repository_id == repository_id, lanes.c.installation_id == installation_id))


async def lose_installation(session: AsyncSession, installation_id: int) -> None:
    """Let everything of an installation rest that was removed or suspended (T2)."""
    await _rest(session, lanes.c.installation_id == installation_id)


async def _rest(session: AsyncSession, which: ColumnElement[bool]) -> None:
    await in_order(session)
    await session.execute(update(lanes).where(which).values(due_at=None, wake_seq=lanes.c.wake_seq + 1))
