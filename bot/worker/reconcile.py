"""3. One turn over one plan: claim, observe, decide, commit, apply, release.

Works from any starting point, so that a crash, a duplicate, a lost event and a redeploy are one case: the next turn.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.core.actions import Action, EditComment, EnqueuePull, MergePull, OutcomeKind, PostComment, PutCheck
from bot.core.audit import trail
from bot.core.commands import bounds
from bot.core.commands import log as log_command
from bot.core.decide import Decision, decide
from bot.core.facts import AuditKind, Facts, OwnComment, TrainFacts
from bot.core.memory import Memory
from bot.core.model import IssueNumber, PullNumber
from bot.core.progress import progress
from bot.core.seal import Seal
from bot.core.train_wish import WishKind
from bot.errors import NotFound, NotInstalled, RateLimited, ReadFailed
from bot.github.port import GitHub, RepositoryRef
from bot.metrics import Metrics
from bot.store import audit, commands, lanes, plans, trains
from bot.store.db import Database
from bot.store.installed import Repository
from bot.store.lanes import Lease
from bot.store.trains import Settled
from bot.worker.apply import Applied, apply, learn
from bot.worker.observe import observe
from bot.worker.rebuild import rebuild

log = structlog.get_logger()

EAGER_TURNS = 12  # so many turns in a row may follow at once; more of them are paced, whatever keeps them going
PATIENT_TURNS = 5  # so many turns in a row wait a second at most before the next; from there on ever longer
NO_ACCESS = timedelta(minutes=15)  # how soon to look again at a repository that the App may not see


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How a turn ends: after how long the lane is due again, and how many turns in a row left something unsettled."""

    wait: timedelta | None  # None = when it is woken
    failures: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """One turn's time: it goes on from when the turn began, by the process that decides, whatever is set meanwhile.

    It says how long something takes, never when that is due: for that there is the database's clock (lanes.py).
    """

    began: datetime
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Return the time (UTC), as the facts of the turn have it."""
        return self.began + timedelta(seconds=time.monotonic() - self._began)


async def turn(
    github: GitHub,
    database: Database,
    app_id: int,
    lease: Lease,
    now: datetime,
    metrics: Metrics | None = None,
    *,
    seal: Seal,
) -> Decision | None:
    """Do one turn over the plan of `lease` and release it; count in `metrics` what it brought, if there are any.

    Returns None if a read failed and the plan waits.
    Raises LeaseLost if another worker took the plan over; then nothing of this turn was kept.
    """
    clock = Clock(now)
    try:
        decision, applied, taught = await _turn(github, database, app_id, lease, clock, metrics, seal)
    except (ReadFailed, NotInstalled, NotFound) as error:
        log.warning("turn.read_failed", error=str(error), kind=type(error).__name__)
        if isinstance(error, NotFound):  # the issue is gone: it must not keep the turn from other plans
            async with database.session() as session:
                await trains.leave(session, lease.lane_id)
        await _release(database, lease, rest_after(error, lease.failures, datetime.now(UTC)))
        return None
    await _release(database, lease, _rest(decision, applied, lease.failures, clock.now(), taught=taught))
    return decision


async def _turn(
    github: GitHub,
    database: Database,
    app_id: int,
    lease: Lease,
    clock: Clock,
    metrics: Metrics | None,
    seal: Seal,
) -> tuple[Decision, Applied, bool]:
    """Do the turn; the flag says that GitHub's refusals taught something that has yet to be shown or acted upon."""
    async with database.session() as session:
        stored = await plans.load(session, lease.lane_id)
        waiting = await commands.pending(session, lease.lane_id)
        train = await trains.look(session, lease, stored.base) if stored.base is not None else TrainFacts()
        asked = any(each.verb == log_command.NAME and each.answer is None for each in waiting)
        newest = await audit.newest(session, lease.lane_id, log_command.MOST) if asked else ()
        answered = await audit.answered(session, lease.repository_id, waiting, bounds.WINDOW)
    if not stored.known and await rebuild(github, database, lease, seal, clock.began) is not None:
        return await _turn(github, database, app_id, lease, clock, metrics, seal)
    repository = RepositoryRef(
        installation_id=lease.installation_id, full_name=lease.full_name, repository_id=lease.repository_id
    )
    facts, memory = await observe(
        github, repository, IssueNumber(lease.number), stored.memory, waiting, app_id=app_id, now=clock.began
    )
    facts = replace(facts, train=train if facts.base.name == stored.base else TrainFacts(), trail=newest)
    facts = replace(facts, comment=_trusted(facts, seal), answered=answered)
    # reading a hostile plan may take a second of computing: not on the event loop
    decision = _sealed(await asyncio.to_thread(decide, facts, memory), seal)
    decision, told = await _commit(database, lease, stored, facts, decision, clock)
    if metrics is not None:
        metrics.progressed(progress(stored.memory, decision, was_open=stored.open))
    for stream in decision.view.streams:
        log.debug("stage", key=stream.workstream.key, stage=stream.stage.value)
    # by its newest name: a read follows a renamed repository, a write does not
    seen = replace(repository, node_id=facts.repository.node_id, full_name=facts.repository.full_name)
    applied = await apply(github, database, lease, seen, decision.actions)
    learned = await _conclude(database, lease, facts, decision, applied, told)
    log.info("turn.done", actions=len(decision.actions), state=decision.view.state.value)
    return decision, applied, _taught(decision.memory, learned)


async def _conclude(
    database: Database, lease: Lease, facts: Facts, decision: Decision, applied: Applied, told: Mapping[int, Action]
) -> Memory:
    """Write down what became of the turn's actions (T5); return the memory with what they taught.

    `told` are the entries of the audit trail that wait for the end of their action.
    """
    if applied.refused_to_merge and decision.wish.kind is WishKind.TAKE:  # another plan must not wait for the next try
        async with database.session() as session:
            await trains.settle(session, lease, facts.base.name, replace(decision.wish, kind=WishKind.NONE))
    learned = learn(decision.memory, applied, lease.failures)
    shown = applied.shown(decision.acks)
    if learned != decision.memory or shown or told:
        async with database.session() as session:
            if learned != decision.memory:
                await plans.remember(session, lease, learned)
            await commands.close(session, *shown)
            await audit.settle(session, {entry: applied.outcomes.get(action) for entry, action in told.items()})
    if _concerns_groups(facts, applied):
        # The checks on merge groups go by those on the pulls; a transaction of its own, since it locks another lane.
        about = Repository(
            id=lease.repository_id, installation_id=lease.installation_id, full_name=lease.full_name
        )  # fmt: skip
        async with database.session() as session:
            await lanes.wake(session, await about.lane(session))
    return learned


def _trusted(facts: Facts, seal: Seal) -> OwnComment | None:
    """The status comment. One that does not keep what we sealed, for whatever reason, is written anew."""
    comment, place = facts.comment, (facts.repository.id, facts.issue.number)
    if comment is None or (comment.sealed is not None and seal.holds(comment.sealed, *place)):
        return comment
    return replace(comment, digest="")


def _sealed(decision: Decision, seal: Seal) -> Decision:
    """Seal what the status comment is to keep: decisions are made without any secret."""
    place = (decision.view.repository.id, decision.view.issue.number)
    actions = tuple(
        replace(each, body=seal.put(each.body, each.kept, *place), kept="")
        if isinstance(each, PostComment | EditComment) and each.kept
        else each
        for each in decision.actions
    )
    return replace(decision, actions=actions)


def _concerns_groups(facts: Facts, applied: Applied) -> bool:
    """Whether merge groups may have to change: a check was written that they go by, or whose turn it is was settled.

    A pull may have been enqueued since it was read.
    """
    pulls = [pull for stream in facts.workstreams.values() for pull in stream.pulls]
    if not facts.base.merge_queue and not any(pull.queue_required for pull in pulls):
        return False
    return any(pull.queued is not None for pull in pulls) or any(
        isinstance(action, PutCheck) and outcome.kind is OutcomeKind.DONE
        for action, outcome in applied.outcomes.items()
    )


def _taught(before: Memory, after: Memory) -> bool:
    """Whether the outcomes taught what another turn has to show or act upon."""
    shown: Mapping[str, Any] = {"checks": {}, "comment": None, "told": {}}
    return replace(before, **shown) != replace(after, **shown) or _owed(before) != _owed(after)


def _owed(memory: Memory) -> set[PullNumber]:
    """The comments on failures that an earlier, broken-off turn wrote, so that it is not known what they show."""
    return {pull for pull, note in memory.told.items() if note.comment is not None and not note.shown}


async def _commit(
    database: Database, lease: Lease, stored: plans.StoredPlan, facts: Facts, decision: Decision, clock: Clock
) -> tuple[Decision, dict[int, Action]]:
    """Write the decision and its audit trail down (T4) and settle whose turn it is on the base.

    Returns the decision, without merges if the turn on the base is not ours, and the trail's entries that wait for the end
    of their action.
    """
    proposed = len(decision.actions)
    async with database.session() as session:
        settled = await trains.settle(session, lease, facts.base.name, decision.wish)
        decision = _as_settled(decision, settled, facts, clock.now())
        told = trail(facts, decision, was_open=stored.open)
        stored = replace(
            stored,
            memory=decision.memory,
            issue_node_id=facts.issue.node_id,
            repository_node_id=facts.repository.node_id,
            base=facts.base.name,
            branches=decision.branches,
            started=decision.view.intent.start is not None,
            open=decision.open,
        )
        await plans.commit_decision(session, lease, stored, answers=decision.answers, ignored=decision.ignored)
        entries = await audit.write(session, lease, [entry for _, entry in told])
    for action, entry in told:
        if action is None and entry.kind is AuditKind.COMMAND:
            log.info(
                "command.answered", guid=entry.delivery, source=entry.source, author=entry.actor, outcome=entry.outcome
            )
    if len(decision.actions) < proposed:
        log.info("train.not_ours", base=facts.base.name)
    pairs = zip(entries, told, strict=True)
    return decision, {number: action for number, (action, _) in pairs if action is not None}


def _as_settled(decision: Decision, settled: Settled, facts: Facts, now: datetime) -> Decision:
    """Take the merges out of a decision if the turn on the base is not the plan's, and look again in time.

    `now` is when it was settled, by the clock of the facts.
    """
    if settled.holds:
        return decision
    actions = tuple(each for each in decision.actions if not isinstance(each, MergePull | EnqueuePull))
    look = now + settled.look_in if settled.look_in is not None else None
    if len(actions) < len(decision.actions):
        look = look or facts.now  # who has the turn is shown at once; a place in the queue comes up later
    known = any(each.issue == facts.issue.number for each in facts.train.waiting)
    if decision.wish.kind is not WishKind.NONE and not known:
        look = facts.now  # it begins to wait: what it waits for may have changed since it looked, and woke it not yet
    looks = [each for each in (look, decision.next_look) if each is not None]
    return replace(decision, actions=actions, next_look=min(looks, default=None))


def _rest(decision: Decision, applied: Applied, failures: int, now: datetime, *, taught: bool) -> Rest:
    """How long to wait: as GitHub asked, not at all if something moved, else until the decision's time, by its own clock.

    `failures` counts the turns in a row from which another has to follow: at once if they moved something, else after a
    second, and after many in a row after ever longer. One that only awaits what may yet appear counts for nothing.
    """
    moved = applied.moved_things or taught
    if applied.landed:
        return Rest(wait=timedelta(0))  # each lands once, so this cannot go on for ever
    if applied.retry_after is not None:
        return paced(failures, wait=applied.retry_after)
    if moved and failures < EAGER_TURNS:
        return Rest(wait=timedelta(0), failures=failures + 1)
    if moved or applied.unsettled:
        return paced(failures)
    wait = max(decision.next_look - now, timedelta(0)) if decision.next_look is not None else None
    if applied.awaited is not None:
        return Rest(wait=applied.awaited if wait is None else min(applied.awaited, wait), failures=failures)
    return Rest(wait=wait)


def paced(failures: int, *, wait: timedelta | None = None, error: str | None = None) -> Rest:
    """Return how a turn ends that left something open: as GitHub asked at least, longer after many in a row."""
    pause = backoff(max(failures - PATIENT_TURNS, 0))
    return Rest(wait=max(wait or pause, pause), failures=failures + 1, error=error)


def rest_after(error: Exception, failures: int, now: datetime) -> Rest:
    """Return how a turn ends that could not read. `now` is by the clock that says until when a limit lasts."""
    match error:
        case RateLimited():
            return Rest(wait=max(error.retry_at - now, timedelta(0)), failures=failures, error=str(error))
        case NotFound():
            return Rest(wait=None, error=str(error))  # the issue is gone; an event brings it back
        case NotInstalled():
            return paced(failures, wait=NO_ACCESS, error=str(error))
        case _:
            return paced(failures, error=str(error))


def backoff(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: 1 s doubling to 15 min, a fifth of it by chance."""
    return timedelta(seconds=min(2 ** min(failures, 10), 900) * random.uniform(1, 1.2))  # noqa: S311 - no secret


async def _release(database: Database, lease: Lease, rest: Rest) -> None:
    async with database.session() as session:  # T6
        await lanes.release(session, lease, wait=rest.wait, failures=rest.failures, error=rest.error)
