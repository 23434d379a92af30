"""First step of everything: a webhook is proved to be GitHub's, stored as it came, and acknowledged.

Must not read the body beyond its first character, nor do any work: GitHub waits 10 seconds at most and never asks again
(https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks).
"""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from bot.errors import InboxFull
from bot.metrics import Metrics
from bot.web.body import UNSIGNED, Refusal, Room
from bot.web.health import UNUSABLE

LINE_SECONDS = 60.0
MAX_ID = 100  # characters of an event's name or a delivery's GUID
STORED, KNOWN = b'{"stored": true}', b'{"stored": false}'  # written once: every delivery is answered by one of them

Store = Callable[[str, str, bytes], Awaitable[bool]]  # (guid, event, body) -> False = known already

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """`POST /webhook`.

    202 stored, 400 malformed, 401 not signed by GitHub, 408 too slow, 413 too large, 415 not plain JSON, 503 not stored.
    """

    secret: str
    store: Store  # returns once the delivery is on disk
    notify: Callable[[], None]  # tells the worker of this process, if there is one
    metrics: Metrics
    room: Room = field(default_factory=Room)
    told: dict[int, float] = field(default_factory=dict)  # when a refusal was logged last, by status

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one webhook. Whatever is not a 202 was not stored, and may be sent again under its GUID."""
        answer = await self._answer(request)
        self.metrics.webhooks(answer.status).inc()
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        body = await self.room.read(request)
        if isinstance(body, Refusal):
            return self._refusal(body.status, body.message)
        if not signed(self.secret, body, request.headers.get("X-Hub-Signature-256", "")):
            return self._refusal(UNSIGNED.status, UNSIGNED.message)
        event, guid = request.headers.get("X-GitHub-Event", ""), request.headers.get("X-GitHub-Delivery", "")
        if not (_is_id(event) and _is_id(guid)):
            return self._refusal(
                400, f"X-GitHub-Event and X-GitHub-Delivery must be 1 to {MAX_ID} characters of ASCII."
            )
        if request.content_type == "application/x-www-form-urlencoded":
            return self._refusal(415, "Set the webhook's content type to application/json.")
        if not body.lstrip().startswith(b"{"):
            return self._refusal(400, "The body must be a JSON object.")
        try:
            stored = await self.store(guid, event, body)
        except (*UNUSABLE, InboxFull) as error:
            log.error("delivery.not_stored", guid=guid, error=str(error))  # noqa: TRY400 - the trace says no more
            return self._refusal(503, "The delivery could not be stored.")
        self.notify()
        return web.Response(body=STORED if stored else KNOWN, status=202, content_type="application/json")

    def _refusal(self, status: int, message: str) -> web.Response:
        """Refuse; all are counted, but anybody could fill the log, so it gets a line a minute for each status."""
        now = time.monotonic()
        if now - self.told.get(status, -LINE_SECONDS) >= LINE_SECONDS:
            self.told[status] = now
            log.warning("delivery.refused", status=status, reason=message)
        return web.json_response({"error": message}, status=status)


def signed(secret: str, body: bytes, signature: str) -> bool:
    """Say whether the signature is the secret's over these very bytes; the time it takes tells nothing.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    expected = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    # Bytes, because compare_digest refuses text that is not ASCII; surrogates are what undecodable header bytes become.
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def _is_id(text: str) -> bool:
    return 0 < len(text) <= MAX_ID and text.isascii() and text.isprintable()
