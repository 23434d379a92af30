"""`signalbox rebuild`: restores one plan at somebody's wish, beside running workers, and says what came of it.

Not part of a turn. Must not replace what the store knows unless told to; the next turn goes on from what is restored.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.ledger import Landing
from bot.core.redaction import without_secrets
from bot.core.seal import Seal
from bot.errors import GitHubError, LeaseLost, ReadFailed
from bot.github.port import GitHub
from bot.store import lanes, plans
from bot.store.db import Database
from bot.store.installed import Repository, see
from bot.store.lanes import Lease
from bot.worker.rebuild import Rebuilt, rebuild
from bot.worker.tenure import kept

PATIENCE = 90.0  # seconds to wait for a worker that has the plan: longer than a lease lasts
PAUSE = 0.2  # seconds between two tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What to print, and whether the plan is there again."""

    lines: tuple[str, ...]
    exit_code: int  # 0 = restored, 1 = not


async def rebuild_by_hand(
    github: GitHub, database: Database, seal: Seal, *, repository: str, issue: int, force: bool
) -> Report:
    """Restore the plan of an issue of "owner/name"; `force` = also in the place of what the store knows.

    What GitHub or another worker puts in the way is told in the report.
    """
    name = f"{repository}#{issue}"
    try:
        about = await _installed(github, repository)
        if about is None:
            return _no(f"The App is not installed on {repository}, or is suspended there.")
        async with database.session() as session:
            await see(session, about)
            lane = await about.lane(session, issue)
        lease = await _lease(database, lane)
        if lease is None:
            return _no(f"Another worker is busy with {name}: try again in a minute.")
        async with kept(database, lease):
            return await _restored(github, database, lease, seal, name=name, force=force)
    except LeaseLost:
        return _no(f"Another worker took {name} over meanwhile: see what it made of it, or try again.")
    except GitHubError as error:
        return _no(f"GitHub could not be read, and nothing was changed: {error}")


async def _restored(github: GitHub, database: Database, lease: Lease, seal: Seal, *, name: str, force: bool) -> Report:
    try:
        async with database.session() as session:
            known = lease.number in await plans.known_issues(session, lease.repository_id)
        if known and not force:
            return _no(
                f"{name} is known already, nothing was changed. --force replaces what is known by what GitHub shows."
            )
        found = await rebuild(github, database, lease, seal, datetime.now(UTC), replacing=known)
        if found is None:
            return _no(
                f"{name} has no status comment of this App: there is nothing to restore. A plan label makes it a new plan."
            )
        return Report(
            lines=tuple(without_secrets(line) for line in _told(name, found)), exit_code=1 if found.memory.lost else 0
        )
    finally:
        async with database.session() as session:
            await lanes.put_back(session, lease)


def _told(name: str, found: Rebuilt) -> Iterator[str]:
    memory, start = found.memory, found.memory.intent.start
    if memory.lost:
        yield f"{name} was found, but not what was known of it. {memory.lost}."
        yield "Nothing merges. A maintainer has to read the plan and say `/signalbox start` again."
        return
    yield f"{name} is restored."
    if start is None:
        yield "Nobody had started it."
    else:
        count = len(memory.approved_plan.workstreams) if memory.approved_plan is not None else 0
        yield f"Revision     {start.revision[:12]} onto {start.base}, started by {start.by} on {start.at:%Y-%m-%d %H:%M} UTC"
        yield f"Workstreams  {count}, with {len(found.pulls)} pull requests"
        yield f"Landings     {_listed(_landing(each) for each in memory.landings)}"
        yield f"Checkpoints  {_listed(each.name for each in memory.checkpoints)}"
    yield f"Read again   {_listed(f'{each.text} by {each.author}' for each in found.commands)}"
    if memory.intent.paused is not None:
        yield f"Paused       by {memory.intent.paused.by}: {memory.intent.paused.reason or 'no reason given'}"
    yield "Lost         the audit trail, pressed buttons that waited for an answer, commands whose comments were edited since"


def _landing(landing: Landing) -> str:
    return f"{landing.key or f'rollback {landing.rollback}'} (#{landing.pull})"


def _listed(names: Iterator[str]) -> str:
    return ", ".join(names) or "none"


def _no(line: str) -> Report:
    return Report(lines=(line,), exit_code=1)


async def _installed(github: GitHub, name: str) -> Repository | None:
    installed = await github.installed_repositories()
    for installation_id, repository_id, full_name in installed.repositories:
        if full_name.lower() == name.lower():
            return Repository(id=repository_id, installation_id=installation_id, full_name=full_name)
    if installed.unread:
        raise ReadFailed(f"the repositories of installations {sorted(installed.unread)} cannot be listed now")
    return None


async def _lease(database: Database, lane: int) -> Lease | None:
    for _ in range(int(PATIENCE / PAUSE)):
        async with database.session() as session:
            lease = await lanes.hold(session, lane)
        if lease is not None:
            return lease
        await asyncio.sleep(PAUSE)
    return None
