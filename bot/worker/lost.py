"""Plans of a repository that the store does not know: new to it, or lost with the database. They get a lane, and a turn.

Asked by the turn over the repository before it judges any pull: to it the pulls of a lost plan look as if they were nobody's.
Must not restore anything (rebuild.py does, in the plan's own turn).
"""

from collections.abc import Collection
from dataclasses import dataclass

from bot.core.config import Config, read_config
from bot.core.model import IssueNumber
from bot.github.port import GitHub, RepositoryRef
from bot.store import journal, lanes, plans
from bot.store.db import Database
from bot.store.installed import Repository
from bot.store.lanes import Lease
from bot.worker.rebuild import status_comment

SEARCHED = "lost plans"  # journal key of the repository's lane: they were looked for, and all that were found are known


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What the store has to learn first."""

    issues: frozenset[int]  # plans whose checks are on open pulls: these pulls are nobody else's
    awaited: bool  # True = some have yet to be read, and until then it is not known which pulls they have


async def lost_plans(github: GitHub, database: Database, lease: Lease, named: Collection[int]) -> Lost:
    """Find the plans that the store does not know, and have them looked at; `named` are those that pulls' checks name.

    One that cannot be read is awaited for three quarters of an hour: without end it would keep every pull from its check.

    The issues are searched once for a repository, in one request and one for ten that carry the label. Raises as reads do.
    """
    async with database.session() as session:
        known = await plans.known_issues(session, lease.repository_id)
        unread = await plans.unread(session, lease.repository_id)
        noted = (await journal.entries(session, lease.lane_id, [SEARCHED])).get(SEARCHED)
        searched = noted is not None and noted.done
    found = frozenset() if searched else await _labelled(github, lease, known)
    lost = frozenset(named) - known
    about = Repository(id=lease.repository_id, installation_id=lease.installation_id, full_name=lease.full_name)
    new = (found | lost) - set(unread)
    async with database.session() as session:
        for issue in sorted(new):
            await lanes.wake(session, await about.lane(session, issue))
        if not searched and not found:
            await journal.complete(session, lease.lane_id, {SEARCHED: None})
    return Lost(issues=lost, awaited=bool(new) or any(unread.get(each) for each in found | lost))


async def _labelled(github: GitHub, lease: Lease, known: Collection[int]) -> frozenset[int]:
    """The open issues that carry the plan label and a status comment of ours."""
    repository = RepositoryRef(
        installation_id=lease.installation_id, full_name=lease.full_name, repository_id=lease.repository_id
    )
    label = Config().label
    source, found = await github.labelled_issues(repository, label)
    config = read_config(source)[0] if source is not None else None
    if config is not None and config.label != label:
        _, found = await github.labelled_issues(repository, config.label)
    unknown = [issue for issue in found if issue not in known]
    talks = await github.conversations(repository, unknown)
    ours = [issue for issue, said in talks.items() if await status_comment(github, repository, said) is not None]
    return frozenset(IssueNumber(issue) for issue in ours)
