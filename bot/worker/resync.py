"""6. What no event told us: at start and every few minutes, everything open is looked at again.

GitHub sends each event once and never again by itself, so those that failed are asked for
(https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries). Must not decide anything.
"""

from datetime import datetime, timedelta

import structlog

from bot.errors import GitHubError
from bot.github.port import GitHub
from bot.store import inbox, lanes
from bot.store.db import Database
from bot.store.installed import Repository, see
from bot.store.retention import forget

log = structlog.get_logger()

# GitHub keeps deliveries for 3 days (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks).
KEPT = timedelta(days=3)


async def resync(github: GitHub, database: Database, now: datetime) -> None:
    """Look for repositories we do not know yet, wake what is open there, ask for failed deliveries again.

    Failures are logged and left for the next time: nothing depends on one resync.
    """
    await forget(database, now)
    try:
        await _wake_installed(github, database)
        await _failed_deliveries(github, database, now)
    except GitHubError as error:
        log.warning("resync.failed", error=str(error), kind=type(error).__name__)


async def _wake_installed(github: GitHub, database: Database) -> None:
    """Wake what the App may see now; lanes of a repository that it lost stay at rest."""
    installed = await github.installed_repositories()
    async with database.session() as session:
        for installation_id, repository_id, full_name in installed:
            await see(session, Repository(id=repository_id, installation_id=installation_id, full_name=full_name))
        await lanes.wake_all(session, [repository_id for _, repository_id, _ in installed])


async def _failed_deliveries(github: GitHub, database: Database, now: datetime) -> None:
    failed = await github.failed_deliveries(now - KEPT)
    async with database.session() as session:
        known = await inbox.known(session, [guid for _, guid in failed])
    for delivery_id, guid in failed:
        if guid not in known:
            outcome = await github.redeliver(delivery_id)
            log.info("delivery.asked_again", guid=guid, outcome=outcome.kind.value)
