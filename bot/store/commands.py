"""Slash commands and pressed buttons between their arrival and the moment their answer is shown.

pending (nobody decided yet) -> answered (decided, not yet shown) -> closed. Must not judge a command.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.facts import Answer
from bot.core.model import Login, NodeId, PullNumber
from bot.store.db import insert_into
from bot.store.lanes import Lease
from bot.store.tables import commands

_ANSWER = TypeAdapter(Answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A command as it was given; core's CommandFacts is this with the author's role."""

    source: str  # the same one is stored once: "comment:<comment id>:<line>", "button:<guid or digest>:<n>" or, on the
    # check of a restored plan, "button:<guid or digest>:<n>:<mark>"
    verb: str
    words: tuple[str, ...]
    text: str
    author: Login
    author_is_bot: bool
    pull: PullNumber | None  # None = on the plan's issue
    subject: NodeId  # the issue or pull that a reply goes to
    comment: NodeId | None  # what gets the reaction; None = a pressed button
    comment_url: str
    at: datetime  # UTC
    delivery: str | None = None  # GUID of the delivery that brought it; None = not known


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCommand(NewCommand):
    """A command that waits, to be decided or to be answered."""

    id: int  # rises with arrival
    answer: Answer | None  # None = not decided yet


async def add(session: AsyncSession, lane_id: int, command: NewCommand) -> bool:
    """Store a command for a plan (T2). False = its source is known, and nothing changed. Does not wake the plan."""
    values = asdict(command) | {"words": list(command.words), "lane_id": lane_id, "state": "pending"}
    insert = insert_into(session, commands).values(**values).on_conflict_do_nothing(index_elements=["source"])
    return (await session.execute(insert.returning(commands.c.id))).first() is not None


async def pending(session: AsyncSession, lane_id: int) -> list[StoredCommand]:
    """Return the commands that are not closed, in the order of arrival."""
    rows = await session.execute(
        select(commands).where(commands.c.lane_id == lane_id, commands.c.state != "closed").order_by(commands.c.id)
    )
    return [
        StoredCommand(
            id=row.id,
            source=row.source,
            verb=row.verb,
            words=tuple(row.words),
            text=row.text,
            author=row.author,
            author_is_bot=row.author_is_bot,
            pull=row.pull,
            subject=row.subject,
            comment=row.comment,
            comment_url=row.comment_url,
            at=row.at,
            delivery=row.delivery,
            answer=_ANSWER.validate_json(row.answer) if row.answer is not None else None,
        )
        for row in rows
    ]


async def answer(session: AsyncSession, lease: Lease, command_id: int, decided: Answer) -> None:
    """Write down the answer to a command of the leased plan (T4). An answer once given stays."""
    await session.execute(
        update(commands)
        .where(commands.c.id == command_id, commands.c.lane_id == lease.lane_id, commands.c.state == "pending")
        .values(state="answered", answer=_ANSWER.dump_json(decided).decode())
    )


async def close(session: AsyncSession, *command_ids: int) -> None:
    """Note that the answers are shown, or that there will be none (T5). Repeating it changes nothing."""
    if command_ids:
        await session.execute(update(commands).where(commands.c.id.in_(command_ids)).values(state="closed"))
