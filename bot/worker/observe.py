"""2. Store and GitHub to Facts: all or nothing.

One GraphQL read if the plan is as the last turn knew it. Any failed read raises and ends the turn: nothing is ever decided
from half the facts. Must not write anything anywhere.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.core import liveness
from bot.core.checkpoints import due_checkpoint
from bot.core.config import read_config
from bot.core.facts import BaseFacts, CheckState, CommandFacts, CommitFacts, Facts, Step, WorkstreamFacts
from bot.core.failures import unexplained
from bot.core.judge import judge
from bot.core.ledger import current_rollback, watched
from bot.core.memory import Memory
from bot.core.model import Branch, IssueNumber, Login, NodeId, Role, Sha, Update
from bot.core.survey import Survey, survey
from bot.core.train import bases_of
from bot.errors import GitHubError, NotFound, ReadFailed
from bot.github.port import GitHub, PlanQuestion, PlanReading, RepositoryRef
from bot.store.commands import StoredCommand

log = structlog.get_logger()

MAX_READS = 3  # a plan whose base or branches change while it is read is read again, that often at most


async def observe(
    github: GitHub,
    repository: RepositoryRef,
    issue: IssueNumber,
    memory: Memory,
    waiting: Sequence[StoredCommand],
    *,
    app_id: int,
    now: datetime,
) -> tuple[Facts, Memory]:
    """Return the facts of this instant, and the memory with what was asked for, so that the next read is one request.

    Raises ReadFailed, NotInstalled or NotFound.
    """
    reading, found, question = await _read(github, repository, issue, memory)
    read_at = github.now()
    course = await _course(github, repository, reading.base, memory)
    commits = await _commits(github, repository, reading, course, memory, now)
    if found.config.verify_workflow is not None and commits:  # what it reports is in no roll-up
        commits = await github.every_suite(repository, commits)
    back = _rollback_branch(memory, issue)
    facts = Facts(
        now=now, app_id=app_id, reading=read_at - now,
        repository=reading.repository,
        issue=reading.issue,
        base=reading.base,
        config_source=reading.config_source,
        tags=reading.tags,
        workstreams={key: reading.workstreams.get(branch, WorkstreamFacts()) for key, branch in found.branches.items()},
        comment=reading.comment,
        course=course,
        commits=commits,
        rollback=reading.workstreams.get(back) if back is not None else None,
        commands=await _commands(github, repository, waiting),
    )  # fmt: skip
    facts = await _explained(github, repository, facts, memory)
    if memory.intent.start is not None or found.config.label in reading.issue.labels:
        memory = await _examined(github, reading, memory, app_id, now)
    return facts, replace(memory, asked=(question.base, question.branches), watched=tuple(sorted(commits)))


async def _examined(github: GitHub, reading: PlanReading, memory: Memory, app_id: int, now: datetime) -> Memory:
    """Look at the plan's surroundings if that is due. Nothing is decided from them, so a failed look ends no turn."""
    found = None
    if liveness.is_due(memory, now):
        try:
            found = await github.examine(reading.repository.full_name, reading.base.name)
        except GitHubError as error:
            log.warning("examination.failed", error=str(error), kind=type(error).__name__)
    return liveness.examined(memory, found, app_id=app_id, now=now)


async def _read(
    github: GitHub, repository: RepositoryRef, issue: IssueNumber, memory: Memory
) -> tuple[PlanReading, Survey, PlanQuestion]:
    base, branches = memory.asked
    question = PlanQuestion(
        issue=issue,
        base=base,
        branches=branches,
        comment=memory.comment,
        compare_branches=memory.intent.start is None or _laying(memory) or _kept_fresh(memory),
        commits=(*watched(memory.landings, None), *_together(memory)),
    )
    back = _rollback_branch(memory, issue)
    for _ in range(MAX_READS):
        reading = await github.read_plan(repository, question)
        if repository.repository_id not in {None, reading.repository.id}:
            raise NotFound(f"{repository.full_name} is another repository now")  # it was renamed, and its name taken
        found = await asyncio.to_thread(  # a hostile text may take a second: not on the event loop
            survey,
            body=reading.issue.body,
            title=reading.issue.title,
            config_source=reading.config_source,
            memory=memory,
        )
        needed = tuple(dict.fromkeys([*found.branches.values(), *([back] if back is not None else [])]))
        if found.base == question.base and set(needed) <= set(question.branches):
            return reading, found, question
        compare = question.compare_branches or found.pending is not None  # an edit may name a branch that is there
        question = replace(question, base=found.base, branches=needed, compare_branches=compare)
    raise ReadFailed("the plan or its config changed each time it was read")


def _kept_fresh(memory: Memory) -> bool:
    """Whether the config asks how far each branch is behind the base."""
    config = read_config(memory.good_config)[0] if memory.good_config is not None else None
    return config is not None and config.update is not Update.NEVER


def _together(memory: Memory) -> tuple[Sha, ...]:
    """The commit on which CI tests several heads together."""
    return tuple(each.commit for each in memory.tested.values() if each.commit is not None and not each.over)


def _checkpoint_is_due(reading: PlanReading, memory: Memory, now: datetime) -> bool:
    config = read_config(memory.good_config)[0] if memory.good_config is not None else None
    due = due_checkpoint(memory, config.checkpoint_every, reading.base.sha) if config is not None else None
    return due is not None and due <= now


def _rollback_branch(memory: Memory, issue: IssueNumber) -> Branch | None:
    """The branch of the rollback that is to be looked after."""
    current = current_rollback(memory.rollbacks, memory.landings)
    return current.branch(issue) if current is not None else None


async def _course(
    github: GitHub, repository: RepositoryRef, base: BaseFacts, memory: Memory
) -> tuple[Step, ...] | None:
    """How the base moved since the last turn: a request only if it did."""
    start = memory.intent.start
    since = memory.tip or (start.base_sha if start is not None else None)
    if since is None or base.sha is None or base.sha == since:
        return ()
    return await github.course(repository, base.sha, since)


async def _commits(
    github: GitHub,
    repository: RepositoryRef,
    reading: PlanReading,
    course: tuple[Step, ...] | None,
    memory: Memory,
    now: datetime,
) -> dict[Sha, CommitFacts]:
    """The commits whose checks say whether the base is good; a request only for those that the first read left out."""
    known = {each.pull for each in memory.landings}
    merged = {
        pull.number: pull.merge_sha
        for stream in reading.workstreams.values()
        for pull in stream.pulls
        if pull.merge_sha is not None and pull.number not in known
    }
    before = bases_of(course or (), merged)
    fresh = [step.sha for step in course or () if step.sha in merged.values()]
    tip = [reading.base.sha] if fresh and reading.base.sha is not None else []
    if _checkpoint_is_due(reading, memory, now) and reading.base.sha is not None:
        tip = [reading.base.sha]
    wanted = dict.fromkeys([*watched(memory.landings, reading.base.sha), *fresh, *before, *tip, *_together(memory)])
    missing = [sha for sha in wanted if sha not in reading.commits]
    if not missing:
        return reading.commits
    return reading.commits | await github.commits(repository, missing)


async def _explained(github: GitHub, repository: RepositoryRef, facts: Facts, memory: Memory) -> Facts:
    """The facts with what failed check runs say, if a comment has to tell of them and does not yet."""
    runs = await _unexplained(facts, memory)
    return replace(facts, failures=await github.failures(repository, runs)) if runs else facts


async def _unexplained(facts: Facts, memory: Memory) -> tuple[NodeId, ...]:
    """The failed check runs that a comment has to tell of and does not yet: what they say is asked for only then."""
    heads = (pull.checks for stream in facts.workstreams.values() for pull in stream.pulls)
    merges = (commit.checks for commit in facts.commits.values())
    silent = all(check.state is CheckState.PASSED for checks in (*heads, *merges) for check in checks)
    if silent or memory.intent.start is None:
        return ()
    view = await asyncio.to_thread(judge, facts, memory)  # like deciding, it may take a second
    return unexplained(view, memory.told)


def _laying(memory: Memory) -> bool:
    """Whether branches are still being laid: no pull was seen for every workstream yet."""
    return sum(name.startswith("head/") for name in memory.seen) < len(memory.asked[1])


async def _commands(
    github: GitHub, repository: RepositoryRef, waiting: Sequence[StoredCommand]
) -> tuple[CommandFacts, ...]:
    """The commands as they were written, whatever order they came in; their authors' rights are those of now."""
    logins = dict.fromkeys(each.author for each in waiting if each.answer is None and not each.author_is_bot)
    roles = {login: await github.role(repository, login) for login in logins}
    return tuple(sorted((_command(each, roles) for each in waiting), key=lambda call: (call.at, call.serial)))


def _command(stored: StoredCommand, roles: dict[Login, Role]) -> CommandFacts:
    kind, number, _, mark = f"{stored.source}:::".split(":")[:4]
    return CommandFacts(
        id=stored.id,
        verb=stored.verb,
        words=stored.words,
        text=stored.text,
        author=stored.author,
        author_is_bot=stored.author_is_bot,
        role=roles.get(stored.author, Role.NONE),
        pull=stored.pull,
        subject=stored.subject,
        comment=stored.comment,
        comment_url=stored.comment_url,
        at=stored.at,
        serial=int(number) if kind == "comment" else 0,
        source=stored.source,
        mark=mark,
        delivery=stored.delivery or "",
        answer=stored.answer,
    )
