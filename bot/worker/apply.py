"""4. Actions to GitHub, each outcome recorded.

Actions that GitHub takes many of at once go in batches; a merge and an edit of the issue go alone. The lease is renewed
right before each batch, after whatever is read for it, and kept all along (tenure.py); a request that has to queue for
long comes back as LATER, and one that is sent has 20 s. What a process sends that was frozen for longer than its lease is
held back by nothing: each action is safe to repeat or guarded, but a comment or a check may then come twice.

Neither a write nor a read that it needs is tried again here: the outcome is noted, the next turn looks and decides anew.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypeGuard, assert_never

import structlog

from bot.core.actions import (
    Action,
    AddLabels,
    BuildBranch,
    EditComment,
    EnqueuePull,
    Lone,
    MergePull,
    Mutation,
    OpenPull,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    Replay,
    RerunJob,
    StartWorkflow,
    TickIssue,
    TryMerge,
    UpdateBranch,
    name_of,
)  # fmt: skip
from bot.core.base_ci import learned as asked
from bot.core.batches import batched
from bot.core.failures import learned as told
from bot.core.judge import CLOCK_SKEW
from bot.core.memory import Memory
from bot.core.model import Key, NodeId, Sha
from bot.core.plan.tick import tick, untick
from bot.core.trials import learned
from bot.errors import GitHubError, NotFound, RateLimited
from bot.github.mutations import batches
from bot.github.port import GitHub, RepositoryRef
from bot.store import journal, lanes
from bot.store.db import Database
from bot.store.lanes import Lease

log = structlog.get_logger()

NOT_SETTLED = frozenset({OutcomeKind.MOVED, OutcomeKind.LATER, OutcomeKind.AWAITED, OutcomeKind.UNKNOWN})
#: So long after it was intended a comment or a check may still appear: it waits 15 s for its turn, GitHub gives up after 10 s
#: (https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts).
LATEST = timedelta(seconds=30)
LOOK_AGAIN = timedelta(seconds=1)  # for what is there, but not as it is to be
STUBBORN = 15  # turns in a row after which a guard that refuses still is no passing thing
SHOWN = (
    AddLabels,
    RemoveLabels,
    PutCheck,
    PostComment,
    EditComment,
    React,
)  # change nothing that decisions are made from


@dataclass(slots=True)
class Applied:
    """What became of a turn's actions."""

    outcomes: dict[Action, Outcome] = field(default_factory=dict)

    @property
    def moved_things(self) -> bool:
        """Whether something was changed from which more may follow: look again at once."""
        return any(
            outcome.kind is OutcomeKind.DONE and not isinstance(action, SHOWN)
            for action, outcome in self.outcomes.items()
        )

    @property
    def landed(self) -> bool:
        """Whether a pull was merged."""
        return any(
            isinstance(action, MergePull) and outcome.kind is OutcomeKind.DONE
            for action, outcome in self.outcomes.items()
        )

    @property
    def enqueued(self) -> bool:
        """Whether a pull was put into the base's merge queue, or was there already."""
        return any(
            isinstance(action, EnqueuePull) and outcome.kind in {OutcomeKind.DONE, OutcomeKind.ALREADY}
            for action, outcome in self.outcomes.items()
        )

    @property
    def refused_to_merge(self) -> bool:
        """Whether merges were tried and GitHub refused every one of them."""
        tried = (MergePull, EnqueuePull)
        merges = [outcome for action, outcome in self.outcomes.items() if isinstance(action, tried)]
        return bool(merges) and all(outcome.kind is OutcomeKind.REFUSED for outcome in merges)

    @property
    def unsettled(self) -> bool:
        """Whether something did not come about that may next time.

        A refused merge counts: GitHub judges by a state that may lag behind what it shows, the check's for one.
        """
        return any(
            (not _settled(action, outcome) and outcome.kind is not OutcomeKind.AWAITED)
            or (isinstance(action, MergePull | EnqueuePull) and outcome.kind is OutcomeKind.REFUSED)
            for action, outcome in self.outcomes.items()
        )

    @property
    def retry_after(self) -> timedelta | None:
        """The longest wait that GitHub asked for."""
        return max(self._waits(awaited=False), default=None)

    @property
    def awaited(self) -> timedelta | None:
        """How long to wait for what may yet appear by itself. That is no failure, however often it is looked for."""
        return min(self._waits(awaited=True), default=None)

    def _waits(self, *, awaited: bool) -> list[timedelta]:
        return [
            each.retry_after
            for each in self.outcomes.values()
            if each.retry_after is not None and (each.kind is OutcomeKind.AWAITED) is awaited
        ]

    def shown(self, acks: Mapping[int, tuple[Action, ...]]) -> tuple[int, ...]:
        """Return the commands whose answers their authors have now seen, or never will. `acks`: see Decision."""
        return tuple(
            command
            for command, actions in acks.items()
            if all(action in self.outcomes and _settled(action, self.outcomes[action]) for action in actions)
        )


def _settled(action: Action, outcome: Outcome) -> bool:
    """Whether nothing will come of trying again: a comment that is gone takes no reaction and needs no reply."""
    return outcome.kind not in NOT_SETTLED or (
        outcome.kind is OutcomeKind.MOVED and isinstance(action, React | PostComment)
    )


async def apply(
    github: GitHub, database: Database, lease: Lease, repository: RepositoryRef, actions: Sequence[Action]
) -> Applied:
    """Carry out a turn's actions in their order; stops early where a write was left without an answer.

    Stops after a merge, too: the base is another one now, and nothing was judged against it. Once a pull is in GitHub's
    merge queue, none is merged or put into it. An action that needs a read which fails is LATER, or MOVED if what it is about is
    gone; what was done before stays done. Each batch is one request, so that what is in it is sent as soon as it is intended.

    Raises LeaseLost when another worker took over; what was done until then is seen by that worker on GitHub itself.
    """
    applied = Applied()
    for alone, group in groupby(actions, key=lambda action: isinstance(action, Lone)):
        for batch in batched(group, 1) if alone else batches([each for each in group if not isinstance(each, Lone)]):
            if isinstance(batch[0], MergePull | EnqueuePull) and applied.enqueued:
                continue
            outcomes, cut_short = await _batch(github, database, lease, repository, batch, applied)
            applied.outcomes.update(zip(batch, outcomes, strict=True))
            for action, outcome in zip(batch, outcomes, strict=True):
                kind, about = type(action).__name__, name_of(action)
                log.info("action.applied", action=kind, about=about, outcome=outcome.kind.value, detail=outcome.detail)
            if applied.landed or cut_short:
                return applied
    return applied


async def _batch(
    github: GitHub,
    database: Database,
    lease: Lease,
    repository: RepositoryRef,
    batch: Sequence[Action],
    before: Applied,
) -> tuple[list[Outcome], bool]:
    """Return the outcomes, and whether GitHub left one without an answer or wants the rest to come later.

    `before` is what became of the actions before.
    """
    if isinstance(batch[0], Lone):
        if _lacks_its_check(batch[0], before):
            return [Outcome(kind=OutcomeKind.AWAITED, detail="its check may yet appear")], False
        await _renew(database, lease)
        try:
            outcome = await _lone(github, database, lease, repository, batch[0])
        except GitHubError as error:
            outcome = _unread(error)
        return [outcome], _is_open(outcome)
    mutations: list[Mutation] = [each for each in batch if not isinstance(each, Lone)]
    known, unread = await _known(github, database, lease, repository, mutations)
    if unread is not None:
        return [known.get(each, unread) for each in mutations], True
    wanted = [each for each in mutations if each not in known]
    done = dict(zip(wanted, await github.mutate(repository, wanted), strict=True)) if wanted else {}
    await _note(database, lease, {each.journal_key: outcome for each, outcome in done.items() if _only_once(each)})
    return [known[each] if each in known else done[each] for each in mutations], any(map(_is_open, done.values()))


def _is_open(outcome: Outcome) -> bool:
    return outcome.kind in {OutcomeKind.UNKNOWN, OutcomeKind.LATER}


def _lacks_its_check(action: Action, before: Applied) -> bool:
    """Whether a merge would be refused, since the check that is required of it is awaited."""
    if not isinstance(action, MergePull | EnqueuePull):
        return False
    head = action.head_sha if isinstance(action, MergePull) else action.expected
    return any(
        isinstance(each, PutCheck) and each.head_sha == head and outcome.kind is OutcomeKind.AWAITED
        for each, outcome in before.outcomes.items()
    )


def _only_once(action: Mutation) -> TypeGuard[PostComment | PutCheck]:
    """Whether it is journalled, because a second time would make a second one."""
    return isinstance(action, PostComment | PutCheck) and action.replay is Replay.ONCE


async def _note(database: Database, lease: Lease, outcomes: Mapping[str, Outcome]) -> None:
    """Note in the journal what was written (T5), by key, and strike out what surely was not.

    What was left without an answer may take effect for a while from now on, however long it had to wait for its turn.
    """
    made = {key: outcome.result for key, outcome in outcomes.items() if outcome.kind is OutcomeKind.DONE}
    unknown = [key for key, outcome in outcomes.items() if outcome.kind is OutcomeKind.UNKNOWN]
    missed = outcomes.keys() - {*made, *unknown}
    if made:
        async with database.session() as session:
            await journal.complete(session, lease.lane_id, made)
    if missed or unknown:
        async with database.session() as session:
            await lanes.renew(session, lease)  # else the entries may be another worker's, for what it writes
            await journal.withdraw(session, lease.lane_id, missed)
            await journal.intend(session, lease.lane_id, unknown)


async def _lone(github: GitHub, database: Database, lease: Lease, repository: RepositoryRef, action: Lone) -> Outcome:
    match action:
        case MergePull():
            return await github.merge_pull(repository, action)
        case EnqueuePull():
            return (await github.mutate(repository, [action]))[0]
        case TickIssue():
            return await _tick(github, database, lease, repository, action)
        case BuildBranch():
            return await github.build_branch(repository, action)
        case TryMerge():
            return await github.try_merge(repository, action)
        case RerunJob():
            return await github.rerun_job(repository, action)
        case StartWorkflow():
            return await github.start_workflow(repository, action)
        case _:
            assert_never(action)


async def _known(
    github: GitHub, database: Database, lease: Lease, repository: RepositoryRef, mutations: Sequence[Mutation]
) -> tuple[dict[Mutation, Outcome], Outcome | None]:
    """Journal what is about to be written and only once; return what is not to be, each with its outcome.

    That is what an earlier, broken-off turn wrote already, or may have written so lately that it is yet to appear. If it
    cannot be found out, nothing is to be written, with the outcome that comes second.
    """
    once: dict[str, PostComment | PutCheck] = {}
    known: dict[Mutation, Outcome] = {}
    for each in filter(_only_once, mutations):
        if once.setdefault(each.journal_key, each) is not each:
            known[each] = Outcome(kind=OutcomeKind.AWAITED, detail="another makes it", retry_after=LOOK_AGAIN)
    async with database.session() as session:
        await lanes.renew(session, lease)
        old = await journal.entries(session, lease.lane_id, once.keys())
        if not old:
            await journal.intend(session, lease.lane_id, once)
    for key, entry in old.items():
        try:
            trace = await _trace(github, repository, once[key], entry)
        except GitHubError as error:
            return known, _unread(error)
        if trace is not None:
            known[once[key]] = trace
    if old:
        async with database.session() as session:
            await lanes.renew(session, lease)  # a look may take a while, and whoever has the lane by now looked as well
            await journal.intend(session, lease.lane_id, [key for key, each in once.items() if each not in known])
    return known, None


async def _trace(
    github: GitHub, repository: RepositoryRef, action: PostComment | PutCheck, entry: journal.JournalEntry
) -> Outcome | None:
    """Look for what was intended before; return what it means, None = it was not written and can be now.

    A check is looked for by the read that the turn goes by, and nobody can delete one.
    """
    result = entry.result
    if result is None and isinstance(action, PostComment):
        since = github.now() - entry.age - CLOCK_SKEW
        try:
            result = await github.find_comment(repository, action.number, action.journal_key, since)
        except NotFound as error:
            return _unread(error)
    if result is not None and isinstance(action, PostComment):
        return Outcome(kind=OutcomeKind.ALREADY, result=result)
    if abs(entry.age) >= LATEST:  # also where somebody has set the clock back
        return None
    wait = LATEST - abs(entry.age) if result is None else LOOK_AGAIN
    return Outcome(kind=OutcomeKind.AWAITED, detail="it may yet appear", retry_after=wait, result=result)


def _unread(error: GitHubError) -> Outcome:
    """Return what a read that failed means for the write that needed it, which was not tried."""
    wait = max(error.retry_at - datetime.now(UTC), timedelta(0)) if isinstance(error, RateLimited) else None
    kind = OutcomeKind.MOVED if isinstance(error, NotFound) else OutcomeKind.LATER
    return Outcome(kind=kind, detail=str(error), retry_after=wait)


async def _renew(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        await lanes.renew(session, lease)


async def _tick(
    github: GitHub, database: Database, lease: Lease, repository: RepositoryRef, action: TickIssue
) -> Outcome:
    """Tick in the newest body: somebody may have edited it since it was observed."""
    body = await github.issue_body(repository, action.issue)
    ticked = await asyncio.to_thread(
        lambda: untick(tick(body, action.keys), action.back)
    )  # a text takes up to a second
    if ticked == body:
        return Outcome(kind=OutcomeKind.ALREADY)
    await _renew(database, lease)
    return await github.edit_issue_body(repository, action.issue, ticked)


def learn(memory: Memory, applied: Applied, failures: int = 0) -> Memory:
    """Return the memory with what the outcomes taught: ids that the next read may not show yet, and refusals.

    What moved away under us again and again is shown like a refusal: `failures` counts the turns before this one.
    """
    checks, comment, drafts = dict(memory.checks), memory.comment, memory.drafts
    tried = {name_of(action) for action in applied.outcomes}
    refusals = {name: words for name, words in memory.refusals.items() if name not in tried}
    for action, outcome in applied.outcomes.items():
        if _refused(action, outcome, failures):
            refusals[name_of(action)] = outcome.detail
            if isinstance(action, OpenPull) and action.draft and "draft" in outcome.detail.lower():
                drafts = False
        if outcome.result is None or outcome.kind not in {OutcomeKind.DONE, OutcomeKind.ALREADY, OutcomeKind.AWAITED}:
            continue
        if isinstance(action, PutCheck):
            checks[action.head_sha] = NodeId(outcome.result)
        elif isinstance(action, PostComment) and action.journal_key.startswith("status"):
            comment = NodeId(outcome.result)
    intent = replace(memory.intent, updates=_still_to_update(memory.intent.updates, applied))
    memory = replace(memory, checks=checks, refusals=refusals, comment=comment, drafts=drafts, intent=intent)
    return asked(learned(told(memory, applied.outcomes), applied.outcomes), applied.outcomes)


def _still_to_update(updates: Mapping[Key, Sha], applied: Applied) -> Mapping[Key, Sha]:
    """The branches that are to be brought up to the base, without those that hold all of it: the next move is another wish."""
    had = {
        action.expected
        for action, outcome in applied.outcomes.items()
        if isinstance(action, UpdateBranch) and outcome.kind is OutcomeKind.ALREADY
    }
    return {key: head for key, head in updates.items() if head not in had}


def _refused(action: Action, outcome: Outcome, failures: int) -> bool:
    """Whether people have to know of it, since it will not come about by itself."""
    if outcome.kind is OutcomeKind.MOVED:
        return failures >= STUBBORN and not _settled(action, outcome)
    # that there is a pull already, which is not the plan's, keeps the plan's from being opened
    return outcome.kind is OutcomeKind.REFUSED or (outcome.kind is OutcomeKind.ALREADY and isinstance(action, OpenPull))
