"""Signs webhooks and sends them to the Apps' hook URLs, once each, as GitHub does; what is sent is built in `events`.

It never retries by itself: GitHub does not (docs.github.com "Handling failed webhook deliveries").
"""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp

from sandbox.errors import ApiError
from sandbox.model import App, Delivery, Json

if TYPE_CHECKING:
    from sandbox.world import World

TIMEOUT_SECONDS = 10  # docs.github.com "Best practices for using webhooks"
REDELIVERY_WINDOW = timedelta(days=3)  # docs.github.com "Redelivering webhooks"
KEPT_DELIVERIES = 2000  # that were acknowledged
KEPT_FAILED = 20_000  # GitHub keeps all for 3 days: an App may ask for any of them again
RESPONSE_BODY_LIMIT = 10_000


def sign(secret: str, body: bytes) -> str:
    """Return the value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Hooks:
    """The queue of one world. `start` and `stop` belong to the server; without it nothing leaves."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: dict[bool, deque[int]] = {True: deque(), False: deque()}  # by whether they were acknowledged
        self._released = asyncio.Event()
        self._released.set()

    async def start(self) -> None:
        """Open the client."""
        for delivery in self._world.state.deliveries.values():
            if delivery.delivered_at is not None:
                self._ended[delivery.acknowledged].append(delivery.id)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())

    async def stop(self) -> None:
        """Drop what is pending and close the client."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    def apply_faults(self) -> None:
        """Take note of changed knobs: let held webhooks go, or hold new ones."""
        if self._world.faults.settings.webhooks.hold:
            self._released.clear()
        else:
            self._released.set()

    @property
    def pending(self) -> int:
        """How many webhooks have not yet met their end."""
        return len(self._tasks)

    async def quiet(self) -> None:
        """Wait until nothing is pending (for ever, if webhooks are held)."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def send(
        self, app: App, event: str, payload: Json, *, installation_id: int | None, repository_id: int | None
    ) -> None:
        """Queue one webhook for an App that has a hook URL; return at once."""
        if not app.hook_url or self._session is None:
            return
        delivery = Delivery(
            id=self._world.new_id(),
            guid=str(uuid.uuid4()),
            app_id=app.id,
            installation_id=installation_id,
            repository_id=repository_id,
            event=event,
            action=payload.get("action"),
            payload=payload,
            created_at=self._world.clock.now(),
        )
        self._start(app, delivery)

    def redeliver(self, app: App, old: Delivery) -> None:
        """Send a delivery again with the same GUID, as `POST /app/hook/deliveries/{id}/attempts`; 422 if too old."""
        now = self._world.clock.now()
        if now - old.created_at > REDELIVERY_WINDOW:
            raise ApiError(422, "Validation Failed", ["Deliveries older than 3 days cannot be redelivered"])
        again = Delivery(
            id=self._world.new_id(),
            guid=old.guid,
            app_id=old.app_id,
            installation_id=old.installation_id,
            repository_id=old.repository_id,
            event=old.event,
            action=old.action,
            payload=old.payload,
            created_at=now,
            redelivery=True,
        )
        self._start(app, again)

    def _start(self, app: App, delivery: Delivery) -> None:
        self._world.state.deliveries[delivery.id] = delivery
        fate = self._world.faults.fate(app.slug)
        if not fate.copies:
            self._finish(delivery, "timed out", 504)
        for delay in fate.copies:
            task = asyncio.create_task(self._deliver(app, delivery, delay))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, app: App, delivery: Delivery, delay: float) -> None:
        """Send it in its turn. Like GitHub's, none waits for the answer to another: they set out in the order of events."""
        await self._released.wait()
        if delay:
            await asyncio.sleep(delay)
        await self._post(app, delivery)

    async def _post(self, app: App, delivery: Delivery) -> None:
        assert self._session is not None
        body = json.dumps(delivery.payload, separators=(",", ":"), ensure_ascii=False).encode()
        delivery.url = app.hook_url or ""
        delivery.request_headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": f"GitHub-Hookshot/{app.hook_id:07x}",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": str(app.hook_id),
            "X-GitHub-Hook-Installation-Target-ID": str(app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature-256": sign(app.webhook_secret, body),
        }
        started = time.monotonic()
        try:
            async with self._session.post(
                delivery.url, data=body, headers=delivery.request_headers, allow_redirects=False
            ) as answer:
                text = await answer.text(errors="replace")
                delivery.response_headers = dict(answer.headers)
                delivery.response_body = text[:RESPONSE_BODY_LIMIT]
                delivery.duration = round(time.monotonic() - started, 2)
                self._finish(delivery, "OK" if answer.ok else answer.reason or "", answer.status)
        except TimeoutError:
            self._finish(delivery, "timed out", 504)
        except (aiohttp.ClientError, ValueError):
            self._finish(delivery, "failed to connect to host", 502)

    def _finish(self, delivery: Delivery, status: str, status_code: int) -> None:
        delivery.status, delivery.status_code = status, status_code
        delivery.delivered_at = self._world.clock.now()
        ended = self._ended[delivery.acknowledged]
        ended.append(delivery.id)
        if len(ended) > (KEPT_DELIVERIES if delivery.acknowledged else KEPT_FAILED):
            self._world.state.deliveries.pop(ended.popleft(), None)  # one sent twice ends twice
