"""PostgreSQL goes away in the middle of a plan and comes back: nothing is acknowledged meanwhile, and all goes on by itself."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.postgres import Postgres
from tests.scenarios.play import Play, plan_of, stage

HEALED = 90.0  # seconds; a lane that was claimed in the very moment rests for a minute


@pytest.fixture
def server() -> Iterator[Postgres]:
    with databases.own_server() as own:
        yield own


async def status_of(play: Play, path: str) -> int:
    assert play.bot is not None
    async with play.session.get(f"http://127.0.0.1:{play.bot.port}{path}") as response:
        return response.status


async def deliver(play: Play, guid: str) -> int:
    """Send a webhook by hand; return the answer's status."""
    assert play.bot is not None
    body = b'{"zen": "Speak like a human."}'
    signature = hmac.new(play.info["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "ping", "X-GitHub-Delivery": guid, "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": "application/json",
    }  # fmt: skip
    url = f"http://127.0.0.1:{play.bot.port}/webhook"
    async with play.session.post(url, data=body, headers=headers) as response:
        return response.status


async def test_a_plan_goes_on_after_the_database_was_away(tmp_path: Path, server: Postgres) -> None:
    url = databases.text_of(server.url)
    async with stage(tmp_path, database_url=url, resync_seconds=1) as play:
        await play.start(plan_of({"W1": [], "W2": ["W1"]}))
        await asyncio.to_thread(server.stop)
        assert await deliver(play, "while-away") == 503
        assert [await status_of(play, path) for path in ("/readyz", "/metrics", "/healthz")] == [503, 503, 200]
        comment = await play.say("wim", "/signalbox hold", play.pulls["W2"])

        async def refused() -> bool:
            async with play.session.get(f"{play.info['api_url']}/_sandbox/deliveries") as response:
                return int((await response.json())["pending"]) == 0

        await play.until(refused)
        await asyncio.to_thread(server.start)
        assert await deliver(play, "while-away") == 202
        assert await status_of(play, "/readyz") == 200

        async def held() -> bool:
            return await play.stage("W2") == "held"

        await play.until(held, HEALED)  # GitHub was asked for the webhooks that nobody had taken

        async def answered() -> bool:
            return await play.reactions(comment) == {"eyes", "rocket"}

        await play.until(answered)
        await play.land("W1")
        assert await play.merged() == ["W1"]
