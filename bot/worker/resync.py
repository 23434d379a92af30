"""6. What no event told us: at start and every few minutes, everything open is looked at again, or the next part of it.

GitHub sends each event once and never again by itself, so those that failed are asked for
(https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries). Must not decide anything.
"""

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.core.batches import batched
from bot.errors import GitHubError
from bot.github.port import FailedDelivery, GitHub, Installed
from bot.store import inbox, lanes
from bot.store.db import Database
from bot.store.db import now as database_time
from bot.store.installed import Failing, Repository, failing, let_rest, see_all
from bot.store.retention import forget
from bot.store.rounds import Open, looks

log = structlog.get_logger()

# GitHub keeps deliveries for 3 days (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks).
KEPT = timedelta(days=3)
MOST_ATTEMPTS = 12  # of GitHub's to send one delivery; the last is 43 hours after the first if we look every 5 minutes
LOOKED_UP_AT_ONCE = 1000  # of those that are due
MOST_AT_ONCE = 100  # deliveries that one resync asks for: after a long outage they come in portions, oldest first


async def resync(github: GitHub, database: Database, now: datetime, period: timedelta) -> None:
    """Look for repositories we do not know yet, wake what is open there, ask for failed deliveries again.

    `period` is how often this is done. Failures are logged and left for the next time: nothing depends on one resync, and
    no part of it on another, for what one installation refuses must not keep the others from their lost deliveries.
    What is old is forgotten last, so that nothing waits for it whatever becomes of that.
    """
    try:
        await _by_itself(_wake_installed(github, database, period))
        await _by_itself(_failed_deliveries(github, database, period))
    finally:
        await forget(database, now)


async def _by_itself(part: Awaitable[None]) -> None:
    try:
        await part
    except GitHubError as error:
        log.warning("resync.failed", error=str(error), kind=type(error).__name__)


async def _wake_installed(github: GitHub, database: Database, period: timedelta) -> None:
    """Wake what the App may see now, as `looks` says; lanes of a repository that it lost rest.

    In many short transactions: a long one would keep deliveries from being stored.
    """
    found: list[Open] = []
    async with database.session() as session:  # before it is asked: what is installed meanwhile wakes its lanes
        tried = await failing(session)
    try:
        installed = await github.installed_repositories()
    except GitHubError:
        await _wake(database, await _not_resting(database), period)
        raise
    for some in batched(installed.repositories, lanes.PORTION):
        about = [Repository(id=each, installation_id=through, full_name=name) for through, each, name in some]
        async with database.session() as session:
            await see_all(session, about)
            found += await lanes.open_lanes(session, [each.id for each in about])
    if installed.unread:
        found += [each for each in await _not_resting(database) if each.installation_id in installed.unread]
    await _wake(database, found, period)
    await _rest(database, tried, installed)


async def _not_resting(database: Database) -> list[Open]:
    """What is open and does not rest: the App may have lost what does."""
    async with database.session() as session:
        return [each for each in await lanes.open_lanes(session) if not each.resting]


async def _wake(database: Database, found: Sequence[Open], period: timedelta) -> None:
    async with database.session() as session:
        times = looks(found, await database_time(session), period)
    for some in batched(times.items(), lanes.PORTION):
        async with database.session() as session:
            await lanes.wake_at(session, dict(some))


async def _rest(database: Database, tried: Sequence[Failing], installed: Installed) -> None:
    """Let the lanes rest that failed and whose repository is not among all that are installed.

    That it was removed or suspended has brought them to rest already, but a delivery from before may come after that news.
    """
    listed = {repository for _, repository, _ in installed.repositories}
    lost = [each for each in tried if each.repository_id not in listed and each.installation_id not in installed.unread]
    for some in batched(lost, lanes.PORTION):
        async with database.session() as session:
            await let_rest(session, some)
    if lost:
        log.info("lanes.not_installed", lanes=len(lost))


async def _failed_deliveries(github: GitHub, database: Database, period: timedelta) -> None:
    now = github.now()  # as the times of its list are
    failed = await github.failed_deliveries(now - KEPT)
    due = [each for each in failed if is_due(each, now, period)]
    missing: list[FailedDelivery] = []
    # most of them arrived at a later attempt, which GitHub's list of failures does not say
    for some in batched(due, LOOKED_UP_AT_ONCE):
        async with database.session() as session:
            known = await inbox.known(session, [each.guid for each in some])
        missing += [each for each in some if each.guid not in known]
        if len(missing) >= MOST_AT_ONCE:
            break
    for each in missing[:MOST_AT_ONCE]:
        outcome = await github.redeliver(each.id)
        log.info("delivery.asked_again", guid=each.guid, attempt=each.attempts + 1, outcome=outcome.kind.value)


def is_due(failed: FailedDelivery, now: datetime, period: timedelta) -> bool:
    """Say whether to ask for a delivery once more: at once after its first failure, then ever more seldom, then no more.

    Goes by GitHub's own list, so that several workers do not ask for one delivery each, and none forgets how often.
    """
    if failed.attempts >= MOST_ATTEMPTS:
        return False
    return failed.attempts == 1 or now - failed.tried_at >= period * 2 ** (failed.attempts - 2)
