"""What the App asks about itself: where it is installed, which deliveries failed.

Below client.py, for the resync after lost deliveries. Must not read anything of the repositories themselves.
"""

from dataclasses import replace
from datetime import datetime

import structlog

from bot.errors import GitHubError, NotInstalled
from bot.github.answers import documented_shapes
from bot.github.port import FailedDelivery, Installed
from bot.github.transport import Transport

log = structlog.get_logger()

#: Status codes 400 to 599; a server that does not know the filter yet lists all of them.
#: https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
FAILURES = {"status": "failure", "per_page": "100"}


async def installed_repositories(transport: Transport) -> Installed:
    """List all that the App may see. What one installation refuses keeps none of the others from being listed.

    Raises ReadFailed or RateLimited where the installations themselves cannot be listed.
    """
    found: list[tuple[int, int, str]] = []
    unread: set[int] = set()
    page = {"per_page": "100"}
    route = "/installation/repositories{?per_page}"
    with documented_shapes("installations"):
        async for installation in transport.get_all(None, "/app/installations{?per_page}", page, cached=True):
            if installation.get("suspended_at") is not None:
                continue
            number = installation["id"]
            repositories = transport.get_all(number, route, page, items="repositories", cached=True)
            try:
                found += [(number, each["id"], each["full_name"]) async for each in repositories]
            except NotInstalled:
                continue  # removed or suspended between the two requests
            except GitHubError as error:
                log.warning("installation.unread", installation=number, error=str(error))
                unread.add(number)
    return Installed(repositories=found, unread=frozenset(unread))


async def failed_deliveries(transport: Transport, since: datetime) -> list[FailedDelivery]:
    """List the App's deliveries that failed since then, the one tried longest ago first.

    Those that were delivered later are left out only where GitHub shows that: it is asked for failures alone, 100 a
    request, since an App may have many more deliveries in three days than it may make requests.
    https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook
    """
    newest: dict[str, FailedDelivery] = {}
    delivered: set[str] = set()
    with documented_shapes("deliveries"):
        # Newest first. A redelivery has an id of its own and the GUID of the first attempt.
        async for each in transport.get_all(None, "/app/hook/deliveries{?status,per_page}", FAILURES):
            guid, at = each["guid"], datetime.fromisoformat(each["delivered_at"])
            if at < since:
                break
            known = newest.get(guid) or FailedDelivery(id=each["id"], guid=guid, tried_at=at, attempts=0)
            newest[guid] = replace(known, attempts=known.attempts + 1)
            if 200 <= (each["status_code"] or 0) < 300:
                delivered.add(guid)
    failed = (each for guid, each in newest.items() if guid not in delivered)
    return sorted(failed, key=lambda each: (each.tried_at, each.id))
