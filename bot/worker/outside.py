"""5. One turn over one repository: the check on pulls that belong to no plan, and commands written on them.

The `signalbox` check is required on every pull, so those outside any plan need it too, or nothing could merge; so do the
merge groups of GitHub's merge queue. Must not touch a pull that a plan claims.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import Action, PostComment, PutCheck, React
from bot.core.audit import NOT_OBEYED
from bot.core.check import check_outside
from bot.core.commands.bounds import WINDOW, Bounds, bounds
from bot.core.decide import SLOW_CLOCK
from bot.core.facts import AuditEntry, AuditKind, Freeze, OwnCheck, QueueEntry, Verdict
from bot.core.marker import mark, reply_key
from bot.core.merge_group import group_checks
from bot.core.model import Branch, Login, NodeId, Role
from bot.core.render.parts import sections
from bot.core.render.replies import outside_reply
from bot.errors import NotFound, NotInstalled, ReadFailed
from bot.github.port import GitHub, OpenPullReading, RepositoryRef
from bot.store import audit, commands, lanes, trains
from bot.store.claims import Claims, claims, hand_over, open_plans, owner_of
from bot.store.commands import StoredCommand
from bot.store.db import Database
from bot.store.lanes import Lease
from bot.worker.apply import Applied, apply
from bot.worker.lost import lost_plans
from bot.worker.reconcile import Rest, paced, rest_after

log = structlog.get_logger()

FULL_PASS = timedelta(hours=1)  # how often all open pulls are looked at, not only those updated last, at the soonest


@dataclass(slots=True)
class Outside:
    """Looks after the pulls outside plans, and after merge groups, whatever pulls are in them.

    Remembers only when it last looked at all pulls and which merge queues were not empty, per repository.

    Which freezes all of them show is in the store: one process shows a freeze and another may have to take it off.
    """

    github: GitHub
    database: Database
    passes: dict[int, datetime] = field(default_factory=dict)
    queues: dict[int, set[Branch]] = field(default_factory=dict)  # bases whose merge queue was not empty when last read

    async def turn(self, lease: Lease, now: datetime) -> bool:
        """Do one turn over the repository of `lease` and release it. False = a read failed. Raises LeaseLost."""
        read = True
        try:
            applied = await self._turn(lease, now)
        except (ReadFailed, NotInstalled, NotFound) as error:
            log.warning("repository.read_failed", error=str(error))
            read = False
            rest = rest_after(error, lease.failures, datetime.now(UTC))
        else:
            rest = Rest(wait=SLOW_CLOCK)
            if applied is None or applied.unsettled:
                rest = paced(lease.failures, wait=applied.retry_after if applied is not None else None)
            elif applied.awaited is not None:
                rest = Rest(wait=applied.awaited, failures=lease.failures)
        async with self.database.session() as session:  # T6
            await lanes.release(session, lease, wait=rest.wait, failures=rest.failures, error=rest.error)
        return read

    async def _turn(self, lease: Lease, now: datetime) -> Applied | None:
        """Do the turn; None = plans that were lost with the database have to be known first, whatever is whose."""
        repository = RepositoryRef(
            installation_id=lease.installation_id, full_name=lease.full_name, repository_id=lease.repository_id
        )
        async with self.database.session() as session:
            frozen = await trains.freezes(session, lease.repository_id)
            changed = await trains.unshown(session, lease.repository_id, frozen)
        last = self.passes.get(lease.repository_id)
        recent = not changed and last is not None and now - last < FULL_PASS
        node_id, pulls = await self.github.open_pulls(repository, first_page_only=recent)
        named = {each for pull in pulls if (each := _plan_of(pull)) is not None}
        lost = await lost_plans(self.github, self.database, lease, named)
        if lost.awaited:
            return None
        unknown = {pull.number for pull in pulls if _plan_of(pull) in lost.issues}
        async with self.database.session() as session:
            claimed = await claims(session, lease.repository_id)
            plans = await open_plans(session, lease.repository_id)
            waiting = [call for call in await self._sorted_out(session, lease, pulls) if call.pull not in unknown]
            answered = await audit.answered(session, lease.repository_id, waiting, WINDOW)
        limits = await self._limits(repository, waiting, answered)
        theirs = {pull.head_sha for pull in pulls if _is_claimed(pull, claimed)}
        free = [pull for pull in pulls if pull.head_sha not in theirs and _plan_of(pull) not in plans]
        written = _checks([pull for pull in free if pull.number not in unknown], frozen, now)
        answers = {call.id: tuple(_acknowledge(call, limits)) for call in waiting}
        actions: list[Action] = [*written, *await self._groups(lease, repository, pulls, written)]
        actions.extend(action for group in answers.values() for action in group)
        seen = replace(repository, node_id=node_id)
        applied = await apply(self.github, self.database, lease, seen, list(dict.fromkeys(actions)))
        async with self.database.session() as session:  # T5
            await lanes.renew(session, lease)
            shown = applied.shown(answers)
            await commands.close(session, *shown)
            await audit.write(session, lease, [_told(call, limits) for call in waiting if call.id in shown])
        if not recent and not applied.unsettled and applied.awaited is None:
            self.passes[lease.repository_id] = now
            async with self.database.session() as session:
                await trains.note_shown(session, lease.repository_id, frozen)
        return applied

    async def _limits(
        self, repository: RepositoryRef, waiting: Sequence[StoredCommand], answered: Mapping[Login, int]
    ) -> Bounds:
        """Which commands are too many. Nobody's role is asked for before it makes a difference."""
        people = [call for call in waiting if not call.author_is_bot]
        limits = bounds(people, answered)
        concerned = dict.fromkeys(call.author for call in people if call.id in {*limits.silent, *limits.words})
        roles = {author: await self.github.role(repository, author) for author in concerned}
        return bounds([each for each in people if not roles.get(each.author, Role.NONE).allows(Role.WRITE)], answered)

    async def _groups(
        self,
        lease: Lease,
        repository: RepositoryRef,
        pulls: Sequence[OpenPullReading],
        written: Sequence[PutCheck],
    ) -> list[PutCheck]:
        """The checks on the heads of merge groups; `written` are those that this turn puts on pulls before.

        A repository without a queue pays no request for it: its open pulls say whether they are in one.
        """
        bases = {pull.base for pull in pulls if pull.queued} | self.queues.get(lease.repository_id, set())
        fresh = {check.head_sha: check for check in written}
        waiting: set[Branch] = set()
        checks: list[PutCheck] = []
        for base in sorted(bases):
            try:
                entries = await self.github.merge_queue(repository, base)
            except NotInstalled as error:
                log.warning("merge_queue.unreadable", base=base, error=str(error))
                continue
            waiting |= {base} if entries else set()
            async with self.database.session() as session:  # after the read: what landed since is not held against it
                held = await trains.held(session, lease.repository_id)
            checks += group_checks([_with(each, fresh.get(each.head)) for each in entries], held.get(base))
        self.queues[lease.repository_id] = waiting
        return checks

    async def _sorted_out(
        self, session: AsyncSession, lease: Lease, pulls: Sequence[OpenPullReading]
    ) -> list[StoredCommand]:
        """Hand commands over whose pull turned out to be a plan's, by its branch if need be; return those that stay."""
        await lanes.in_order(session)  # before any row is changed: see lanes.py
        heads = {pull.number: pull.head for pull in pulls if not pull.cross_repository}
        stay: list[StoredCommand] = []
        for call in await commands.pending(session, lease.lane_id):
            owner = None
            if call.pull is not None:
                owner = await owner_of(session, lease.repository_id, call.pull, heads.get(call.pull))
            if owner is None:
                stay.append(call)
            else:
                await hand_over(session, call.id, owner)
                await lanes.wake(session, owner)
        return stay


def _told(call: StoredCommand, limits: Bounds) -> AuditEntry:
    """What the audit trail says of a command on a pull outside plans."""
    ignored = call.author_is_bot or call.id in limits.silent
    return AuditEntry(
        at=call.at,
        kind=AuditKind.COMMAND,
        actor=call.author,
        what=call.text,
        outcome=NOT_OBEYED if ignored else Verdict.REFUSED.value,
        detail=f"#{call.pull} is not part of a plan",
        source=call.source,
        delivery=call.delivery or "",
    )


def _is_claimed(pull: OpenPullReading, claimed: Claims) -> bool:
    return pull.number in claimed.pulls or (not pull.cross_repository and pull.head in claimed.branches)


def _plan_of(pull: OpenPullReading) -> int | None:
    """Return the plan whose check the head shows: a check hangs on the commit, which another branch may carry too."""
    made_from = re.match(r"plan/(\d{1,18})/", pull.own_checks[0].external_id) if pull.own_checks else None
    return None if made_from is None else int(made_from[1])


def _with(entry: QueueEntry, check: PutCheck | None) -> QueueEntry:
    """The entry as it is once a check is put on its pull's head."""
    if check is None:
        return entry
    own = OwnCheck(
        node_id=check.run or NodeId(""), status=check.status, conclusion=check.conclusion, title=check.title,
        external_id=check.external_id, started_at=None, url="",
    )  # fmt: skip
    return replace(entry, own=own)


def _checks(free: Sequence[OpenPullReading], frozen: Mapping[Branch, Freeze], now: datetime) -> list[PutCheck]:
    """What to write on each head of pulls outside plans. Of two pulls with one head, a freeze of either's base counts."""
    stopped = {pull.head_sha: frozen[pull.base] for pull in free if pull.base in frozen}
    checks = [
        check_outside(
            pull.head_sha, next(iter(pull.own_checks), None), pull.url, freeze=stopped.get(pull.head_sha), now=now
        )
        for pull in {pull.head_sha: pull for pull in free}.values()
    ]
    return [check for check in checks if check is not None]


def _acknowledge(call: StoredCommand, limits: Bounds) -> list[Action]:
    if call.author_is_bot or call.pull is None or call.id in limits.silent:
        return []
    key, words = reply_key(call.source), sections(outside_reply(), limits.words.get(call.id, ""))
    reply = PostComment(journal_key=key, number=call.pull, subject=call.subject, body=mark(words, key))
    if call.comment is None:
        return [reply]
    return [
        React(subject=call.comment, content="EYES"),
        React(subject=call.comment, content="CONFUSED"),
        reply,
    ]
