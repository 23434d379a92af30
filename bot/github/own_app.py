"""What the App asks about itself: where it is installed, which deliveries failed.

Below client.py, for the resync after lost deliveries. Must not read anything of the repositories themselves.
"""

from datetime import datetime

from bot.errors import NotInstalled
from bot.github.answers import documented_shapes
from bot.github.transport import Transport


async def installed_repositories(transport: Transport) -> list[tuple[int, int, str]]:
    """Return (installation id, repository id, full name) of all that the App may see, suspended installations left out.

    Raises ReadFailed.
    """
    found: list[tuple[int, int, str]] = []
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
    return found


async def failed_deliveries(transport: Transport, since: datetime) -> list[tuple[int, str]]:
    """List (delivery id, GUID) of the App's deliveries that failed since then and were not delivered later.

    https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook
    """
    newest: dict[str, int] = {}
    delivered: set[str] = set()
    with documented_shapes("deliveries"):
        # Newest first. A redelivery has an id of its own and the GUID of the first attempt.
        async for each in transport.get_all(None, "/app/hook/deliveries{?per_page}", {"per_page": "100"}):
            if datetime.fromisoformat(each["delivered_at"]) < since:
                break
            newest.setdefault(each["guid"], each["id"])
            if 200 <= (each["status_code"] or 0) < 300:
                delivered.add(each["guid"])
    return [(delivery_id, guid) for guid, delivery_id in newest.items() if guid not in delivered]
