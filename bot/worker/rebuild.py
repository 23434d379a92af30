"""A plan that the store does not know, taken up again from GitHub alone: its status comment, its pulls, what was said.

Before the first turn over a plan, and by hand. Must not trust what anybody but this App wrote, nor decide what follows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.core import failures
from bot.core.commands.parse import commands_in
from bot.core.keepsake import heard, restored, unpack, was_heard
from bot.core.ledger import current_rollback
from bot.core.marker import digest_of, read_marker, reply_key
from bot.core.memory import Memory, Restored
from bot.core.model import Branch, IssueNumber, Key, NodeId, PullNumber
from bot.core.seal import Seal, read_sealed
from bot.core.survey import survey
from bot.errors import NotFound
from bot.github.port import CommentReading, ConversationReading, GitHub, PlanQuestion, PlanReading, RepositoryRef
from bot.store import commands, journal, plans
from bot.store.commands import NewCommand
from bot.store.db import Database
from bot.store.lanes import Lease
from bot.store.plans import StoredPlan

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What is known of a plan again."""

    memory: Memory
    pulls: tuple[PullNumber, ...]  # of its workstreams and rollbacks
    commands: tuple[NewCommand, ...]  # those that nobody answered: they wait for the next turn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What GitHub holds of a plan."""

    rebuilt: Rebuilt
    reading: PlanReading
    branches: Mapping[Branch, tuple[Key, PullNumber | None]]
    written: Mapping[str, NodeId]  # journal key -> our comment


async def rebuild(
    github: GitHub, database: Database, lease: Lease, seal: Seal, now: datetime, *, replacing: bool = False
) -> Rebuilt | None:
    """Restore the plan of `lease` into the store; None if GitHub shows no status comment of ours: then it is a new plan.

    `replacing`: forget what the store has of it. One request where there is nothing to restore, else about five and one for
    ten pulls. Raises ReadFailed, NotInstalled, NotFound or LeaseLost; safe to repeat.
    """
    found = await _find(github, lease, seal, now)
    if found is None:
        return None
    memory = found.rebuilt.memory
    async with database.session() as session:
        if replacing:
            await plans.forget(session, lease)
        plan = StoredPlan(
            memory=memory,
            issue_node_id=found.reading.issue.node_id,
            repository_node_id=found.reading.repository.node_id,
            base=found.reading.base.name,
            branches=found.branches,
            started=memory.intent.start is not None,
        )
        await plans.commit_decision(session, lease, plan, answers={})
        await journal.complete(session, lease.lane_id, found.written)
        for command in found.rebuilt.commands:
            await commands.add(session, lease.lane_id, command)
    log.info(
        "plan.rebuilt",
        started=plan.started,
        lost=memory.lost,
        pulls=len(found.rebuilt.pulls),
        commands=len(found.rebuilt.commands),
    )
    return found.rebuilt


async def _find(github: GitHub, lease: Lease, seal: Seal, now: datetime) -> _Found | None:
    repository = RepositoryRef(
        installation_id=lease.installation_id, full_name=lease.full_name, repository_id=lease.repository_id
    )
    issue = IssueNumber(lease.number)
    said = (await github.conversations(repository, [issue])).get(issue)
    status = await status_comment(github, repository, said) if said is not None else None
    if said is None or status is None:
        return None
    question = PlanQuestion(issue=issue, base=None, branches=(), comment=None, compare_branches=False)
    reading = await github.read_plan(repository, question)
    if reading.repository.id != lease.repository_id:  # the seal, too, goes by the repository that the lane is of
        raise NotFound(f"{lease.full_name} is another repository by now")
    memory = _kept(status, reading, seal, now)
    if memory.lost and not memory.heard:  # it is not known which were answered: nobody's word from before counts
        memory = heard(memory, (each.id for each in said.comments if commands_in(each.body)))
    branches: dict[Branch, tuple[Key, PullNumber | None]] = {}
    if memory.intent.start is not None or memory.lost:  # also what is not trusted keeps its branches: they are nobody's
        reading, branches = await _laid(github, repository, reading, memory)
    pulls = _pulls(reading, memory)
    talks = {issue: said} | await github.conversations(repository, pulls)
    for talk in talks.values():
        for comment in _ours(talk):
            memory = failures.found(memory, talk.node_id, comment.node_id, comment.body)
    waiting = tuple(_unanswered(memory, talks, issue, status)) if not memory.lost else ()
    memory = _passed(replace(memory, comment=status.node_id), said, talks, waiting, now)
    return _Found(
        rebuilt=Rebuilt(memory=memory, pulls=pulls, commands=waiting),
        reading=reading,
        branches=branches,
        written={**_written(talks), "status": status.node_id},
    )


async def status_comment(github: GitHub, repository: RepositoryRef, said: ConversationReading) -> CommentReading | None:
    """Return the newest status comment that was written through this App; anybody may type its marker elsewhere."""
    for comment in reversed(_ours(said)):
        marker = read_marker(comment.body)
        if marker is not None and marker.key.split(":")[0] == "status" and await github.wrote(repository, comment.id):
            return comment
    return None


def _kept(status: CommentReading, reading: PlanReading, seal: Seal, now: datetime) -> Memory:
    """Return what the comment kept, or why that cannot be used. Whoever may write in the repository may have edited it."""
    sealed = read_sealed(status.body)
    if sealed is None:
        return Memory(lost="It keeps nothing of the plan, or somebody took that out")
    if not seal.holds(sealed, reading.repository.id, reading.issue.number):
        return Memory(
            lost="What it keeps was not sealed by this Signalbox for this plan, or the App's private key is another one"
        )
    if status.edited and status.editor != status.author:  # an older text of ours would be sealed as well
        return Memory(lost="Somebody else edited it last")
    kept = unpack(sealed.payload)
    if kept is None:
        return Memory(lost="What it keeps cannot be read by this version of Signalbox")
    return restored(kept, body=reading.issue.body, title=reading.issue.title, now=now)


async def _laid(
    github: GitHub, repository: RepositoryRef, reading: PlanReading, memory: Memory
) -> tuple[PlanReading, dict[Branch, tuple[Key, PullNumber | None]]]:
    """Read what is there of the plan's branches; return it, and what belongs to the plan."""
    issue = reading.issue
    found = survey(body=issue.body, title=issue.title, config_source=reading.config_source, memory=memory)
    keys = {branch: key for key, branch in found.branches.items()}
    back = current_rollback(memory.rollbacks, memory.landings)
    if back is not None:
        keys[back.branch(issue.number)] = Key(f"rollback {back.number}")
    reading = await github.read_plan(
        repository,
        PlanQuestion(issue=issue.number, base=found.base, branches=tuple(keys), comment=None, compare_branches=False),
    )
    newest = {branch: next((pull.number for pull in each.pulls), None) for branch, each in reading.workstreams.items()}
    return reading, {branch: (key, newest.get(branch)) for branch, key in keys.items()}


def _pulls(reading: PlanReading, memory: Memory) -> tuple[PullNumber, ...]:
    on_branches = (pull.number for each in reading.workstreams.values() for pull in each.pulls)
    return tuple(dict.fromkeys([*on_branches, *(each.pull for each in memory.landings)]))


def _ours(said: ConversationReading) -> list[CommentReading]:
    return [each for each in said.comments if each.ours]


def _written(talks: Mapping[int, ConversationReading]) -> dict[str, NodeId]:
    """What we wrote, by journal key: it is not written again."""
    marked = ((read_marker(each.body), each.node_id) for talk in talks.values() for each in _ours(talk))
    return {marker.key: node for marker, node in marked if marker is not None}


def _passed(
    memory: Memory,
    said: ConversationReading,
    talks: Mapping[int, ConversationReading],
    waiting: tuple[NewCommand, ...],
    now: datetime,
) -> Memory:
    """Note what is not carried out again, should its webhook be sent once more: all that was read and does not wait.

    What was said on pulls was read later than `said`: what came in between must not count as read.
    """
    newest = max(*(each.id for each in said.comments), *memory.heard[-1:], 0)
    edited = [each.id for talk in talks.values() for each in talk.comments if each.edited and each.id > newest]
    since = Restored(
        mark=digest_of(now.isoformat()), newest=newest, waiting=tuple(each.source for each in waiting)
    )  # fmt: skip
    return heard(replace(memory, restored=since), edited)


def _unanswered(
    memory: Memory, talks: Mapping[int, ConversationReading], issue: IssueNumber, status: CommentReading
) -> Iterator[NewCommand]:
    """What people asked for since the plan is looked after and nobody answered. An edited comment is no command any more."""
    replied = set(_written(talks))
    for number, talk in talks.items():
        for said in talk.comments:
            if said.ours or said.edited or said.id < status.id or was_heard(memory, said.id):
                continue
            for typed in commands_in(said.body):
                source = f"comment:{said.id}:{typed.line}"
                if reply_key(source) in replied:
                    continue
                yield NewCommand(
                    source=source,
                    verb=typed.verb,
                    words=typed.words,
                    text=typed.text,
                    author=said.author,
                    author_is_bot=said.author_is_bot,
                    pull=None if number == issue else PullNumber(number),
                    subject=talk.node_id,
                    comment=said.node_id,
                    comment_url=said.url,
                    at=said.at,
                )
