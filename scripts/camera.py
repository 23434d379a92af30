"""Takes pictures of parts of a page with a headless Chromium, for scripts/pictures.py. Must not know what they show.

Speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/), so that a picture is exactly as large
as the part that it shows.
"""

import asyncio
import base64
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

PATIENCE = 60.0  # seconds for Chromium to come up, and for one picture
TALLEST = 4000  # px of a window
MARGIN = 8  # px around what a picture shows
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--force-color-profile=srgb", "--remote-debugging-port=0",
)  # fmt: skip
LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")

#: The rectangle around all parts that the selectors find, in px of the page.
AROUND = """(selectors => {
  const found = selectors.flatMap(one => [...document.querySelectorAll(one)]);
  if (found.length === 0) return null;
  const boxes = found.map(one => one.getBoundingClientRect());
  const left = Math.min(...boxes.map(one => one.left)), top = Math.min(...boxes.map(one => one.top));
  return {
    x: left + scrollX, y: top + scrollY,
    width: Math.max(...boxes.map(one => one.right)) - left, height: Math.max(...boxes.map(one => one.bottom)) - top,
  };
})"""


class CameraError(Exception):
    """No picture could be taken; the message says why, and what to do."""


@dataclass(slots=True)
class Camera:
    """A page of a running Chromium."""

    socket: aiohttp.ClientWebSocketResponse
    session_id: str = ""
    _last_id: int = 0
    _events: list[str] = field(default_factory=list)

    async def take(self, url: str, selectors: Sequence[str], *, window: int, width: int) -> bytes:
        """Return what the selectors find on a page as a PNG so many px wide, from a window so many px wide."""
        async with asyncio.timeout(PATIENCE):
            size = {"width": window, "height": TALLEST, "deviceScaleFactor": 1, "mobile": False}
            await self.ask("Emulation.setDeviceMetricsOverride", **size)
            self._events.clear()
            await self.ask("Page.navigate", url=url)
            while "Page.loadEventFired" not in self._events:
                await self._receive()
            answer = await self.ask(
                "Runtime.evaluate", expression=f"{AROUND}({json.dumps(selectors)})", returnByValue=True
            )
            box = answer["result"].get("value")
            if box is None:
                raise CameraError(f"{url} has nothing that {', '.join(selectors)} finds")
            shot = await self.ask(
                "Page.captureScreenshot", format="png", clip=_clip(box, width), captureBeyondViewport=True
            )
        return base64.b64decode(shot["data"])

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call the protocol and return its result; raises with Chromium's words."""
        self._last_id += 1
        call: dict[str, Any] = {"id": self._last_id, "method": method, "params": parameters}
        if self.session_id:
            call["sessionId"] = self.session_id
        await self.socket.send_json(call)
        while True:
            answer = await self._receive()
            if answer.get("id") != self._last_id:
                continue
            if "error" in answer:
                raise CameraError(f"Chromium refused {method}: {answer['error']['message']}")
            result: dict[str, Any] = answer["result"]
            return result

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_json()
        if "method" in message:
            self._events.append(message["method"])
        return message


def _clip(box: dict[str, float], width: int) -> dict[str, float]:
    """Return the rectangle with its margin, enlarged to so many px in the file."""
    across = box["width"] + 2 * MARGIN
    return {
        "x": box["x"] - MARGIN,
        "y": box["y"] - MARGIN,
        "width": across,
        "height": box["height"] + 2 * MARGIN,
        "scale": width / across,
    }


def find_chromium() -> str:
    """Return the path of Chromium: of the variable CHROMIUM, or the one that is installed."""
    named = os.environ.get("CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise CameraError(
        f"There is no {named or 'Chromium'} on this machine. Install it, on Debian with "
        "`apt-get install chromium fonts-dejavu-core fonts-noto-color-emoji`, or set CHROMIUM to its path."
    )


@asynccontextmanager
async def camera(program: str) -> AsyncIterator[Camera]:
    """Run Chromium with a profile of its own until the block ends."""
    with tempfile.TemporaryDirectory(prefix="camera-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *FLAGS, f"--user-data-dir={profile}", "about:blank",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            address, drain = await _listening(process)
            async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
                one = Camera(socket)
                target = await one.ask("Target.createTarget", url="about:blank")
                attached = await one.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
                one.session_id = attached["sessionId"]
                await one.ask("Page.enable")
                yield one
            drain.cancel()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process) -> tuple[str, "asyncio.Task[bytes]"]:
    """Wait until Chromium says where it listens; what it says afterwards is read and dropped."""
    assert process.stderr is not None
    said = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while line := await process.stderr.readline():
                said += line
                if match := LISTENING.search(line):
                    return match[1].decode(), asyncio.create_task(process.stderr.read())
    except TimeoutError:
        said += b"(it said nothing more)"
    words = said.decode(errors="replace").strip() or "it said nothing"
    raise CameraError(f"Chromium did not start: {words}")
