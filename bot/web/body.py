"""Reads the body of a webhook before anybody knows who sent it: bounded in size, in time and in the memory it may take.

Used by hook.py, which then proves the sender. Must not look at what the body says.
"""

import asyncio
import re
from dataclasses import dataclass

from aiohttp import web

#: GitHub sends no larger payload (https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap).
MAX_BODY = 25 * 1024 * 1024
BODY_SECONDS = 10.0  # GitHub gives up after ten itself
OWN_ROOM = 64 * 1024  # bytes that each body may take in any case: most of GitHub's are smaller
SHARED_ROOM = 64 * 1024 * 1024  # bytes that all bodies at once may take beyond that

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a webhook is not taken."""

    status: int
    message: str


class Room:
    """The memory that bodies share while they are read. One for each process."""

    def __init__(self, shared: int = SHARED_ROOM, seconds: float = BODY_SECONDS) -> None:
        self.left = shared  # bytes
        self._seconds = seconds

    async def read(self, request: web.Request) -> bytes | Refusal:
        """Return the body, or the reason why it was not read to its end. Nothing is read that is refused by its headers."""
        refusal = refused_unread(request)
        if refusal is not None:
            return refusal
        if request.content.is_eof():  # it came with its headers, as small ones do: nothing is left to bound
            return request.content.read_nowait()
        body, taken = bytearray(), 0
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.content.iter_any():
                    body += chunk
                    wanted = max(len(body) - OWN_ROOM, 0) - taken
                    if len(body) > MAX_BODY:
                        return TOO_LARGE
                    if wanted > self.left:
                        return Refusal(503, "Too many large bodies at once.")
                    self.left -= wanted
                    taken += wanted
        except TimeoutError:
            return Refusal(408, f"The body must arrive within {self._seconds:.0f} seconds.")
        except (web.RequestPayloadError, ConnectionError):
            return Refusal(400, "The body did not arrive as its headers say.")
        finally:
            self.left += taken
        return bytes(body)


TOO_LARGE = Refusal(413, f"The body must not be larger than {MAX_BODY} bytes.")
UNSIGNED = Refusal(401, "X-Hub-Signature-256 is missing or does not match the body.")


def refused_unread(request: web.Request) -> Refusal | None:
    """Return why a request is refused whatever its body is: it costs no more than its headers."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return Refusal(415, "The body must not be compressed.")
    if request.content_length is not None and request.content_length > MAX_BODY:
        return TOO_LARGE
    if _SIGNATURE.fullmatch(request.headers.get("X-Hub-Signature-256", "")) is None:
        return UNSIGNED
    return None
