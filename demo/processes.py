"""The two programs of the demo: the stand-in for GitHub and Signalbox itself, each a process of its own."""

import asyncio
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class StartFailed(Exception):
    """A program did not come up; the message has the end of its log."""


@dataclass(slots=True)
class Programs:
    """Starts and stops the programs of the demo; their logs stay in `folder`."""

    folder: Path
    _running: list[tuple[str, asyncio.subprocess.Process]] = field(default_factory=list)

    async def sandbox(self, webhook_url: str) -> dict[str, Any]:
        """Start the sandbox on a free port; return the line that it prints when it is ready."""
        process = await self._start(
            "sandbox", "-m", "sandbox", "serve", "--port", "0", "--data", str(self.folder / "github"),
            "--webhook-url", webhook_url,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise StartFailed(f"The sandbox did not start:\n{self.end_of_log('sandbox')}")
        info: dict[str, Any] = json.loads(line)
        return info

    async def lose_database(self, github: dict[str, Any], port: int) -> None:
        """Kill Signalbox, delete its database, and start it anew with nothing."""
        _, process = self._running.pop()
        process.kill()
        await process.wait()
        for file in self.folder.glob("signalbox.sqlite3*"):
            file.unlink()
        await self.bot(github, port)

    async def bot(self, github: dict[str, Any], port: int) -> None:
        """Start Signalbox against that GitHub and wait until it answers. It is the last program to be started."""
        settings = {
            "GITHUB_APP_ID": str(github["app_id"]),
            "GITHUB_PRIVATE_KEY_FILE": github["private_key_file"],
            "GITHUB_WEBHOOK_SECRET": github["webhook_secret"],
            "GITHUB_API_URL": github["api_url"],
            "GITHUB_GRAPHQL_URL": github["graphql_url"],
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'signalbox.sqlite3'}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }
        process = await self._start("signalbox", "-m", "bot", "serve", env=settings)
        for _ in range(int(START_SECONDS * 10)):
            if process.returncode is not None:
                break
            if await _answers(port):
                return
            await asyncio.sleep(0.1)
        raise StartFailed(f"Signalbox did not start:\n{self.end_of_log('signalbox')}")

    def end_of_log(self, name: str, lines: int = 15) -> str:
        """Return the last lines that a program wrote."""
        text = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    async def stop(self) -> None:
        """Stop everything that was started, last first; nothing is left running."""
        while self._running:
            _, process = self._running.pop()
            if process.returncode is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _start(self, name: str, *arguments: str, env: dict[str, str] | None = None) -> asyncio.subprocess.Process:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, env={**os.environ, **(env or {})}, stderr=log,
                stdout=asyncio.subprocess.PIPE if name == "sandbox" else asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        self._running.append((name, process))
        return process


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        await writer.drain()
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
    except OSError:
        return False
    return b" 200 " in line


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
