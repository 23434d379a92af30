"""2. Store and GitHub to Facts: all or nothing.

One GraphQL read if the plan is as the last turn knew it. Any failed read raises and ends the turn: nothing is ever decided
from half the facts. Must not write anything anywhere.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.facts import CommandFacts, Facts, WorkstreamFacts
from bot.core.memory import Memory
from bot.core.model import IssueNumber, Login, Role
from bot.core.survey import Survey, survey
from bot.errors import ReadFailed
from bot.github.port import GitHub, PlanQuestion, PlanReading, RepositoryRef
from bot.store.commands import StoredCommand

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
    roles = await _roles(github, repository, waiting)
    facts = Facts(
        now=now,
        app_id=app_id,
        repository=reading.repository,
        issue=reading.issue,
        base=reading.base,
        config_source=reading.config_source,
        tags=reading.tags,
        workstreams={key: reading.workstreams.get(branch, WorkstreamFacts()) for key, branch in found.branches.items()},
        comment=reading.comment,
        # as they were written: deliveries come in any order
        commands=tuple(sorted((_command(each, roles) for each in waiting), key=lambda call: (call.at, call.serial))),
    )
    return facts, replace(memory, asked=(question.base, question.branches))


async def _read(
    github: GitHub, repository: RepositoryRef, issue: IssueNumber, memory: Memory
) -> tuple[PlanReading, Survey, PlanQuestion]:
    base, branches = memory.asked
    question = PlanQuestion(
        issue=issue,
        base=base,
        branches=branches,
        comment=memory.comment,
        compare_branches=memory.intent.start is None or _laying(memory),
    )
    for _ in range(MAX_READS):
        reading = await github.read_plan(repository, question)
        found = survey(
            body=reading.issue.body, title=reading.issue.title, config_source=reading.config_source, memory=memory
        )
        needed = tuple(dict.fromkeys(found.branches.values()))
        if found.base == question.base and set(needed) <= set(question.branches):
            return reading, found, question
        compare = question.compare_branches or found.pending is not None  # an edit may name a branch that is there
        question = replace(question, base=found.base, branches=needed, compare_branches=compare)
    raise ReadFailed("the plan or its config changed each time it was read")


def _laying(memory: Memory) -> bool:
    """Whether branches are still being laid: no pull was seen for every workstream yet."""
    return sum(name.startswith("head/") for name in memory.seen) < len(memory.asked[1])


async def _roles(github: GitHub, repository: RepositoryRef, waiting: Sequence[StoredCommand]) -> dict[Login, Role]:
    """Ask for the rights of everybody who waits for an answer, now and not when they wrote it."""
    logins = dict.fromkeys(each.author for each in waiting if each.answer is None and not each.author_is_bot)
    return {login: await github.role(repository, login) for login in logins}


def _command(stored: StoredCommand, roles: dict[Login, Role]) -> CommandFacts:
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
        serial=int(stored.source.split(":")[1]) if stored.source.startswith("comment:") else 0,
        answer=stored.answer,
    )
