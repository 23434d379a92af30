"""Webhooks that GitHub lost, and a GitHub that was away: the plan goes on as if all had come in time."""

import contextlib
from pathlib import Path

import aiohttp
from sqlalchemy import select

from bot.app import running
from bot.store.tables import lanes
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.play import Play, connect, plan_of, settings_for, stage
from tests.scenarios.rollbacks import begin, bring

CHAIN = {"W1": [], "W2": ["W1"]}
FAILURES = select(lanes.c.id).where(lanes.c.failures > 0)  # lanes whose last turn could not read
SOON = 60.0  # seconds; a webhook that is lost again and again is asked for ever more seldom


def lost(play: Play) -> set[str]:
    """Return the GUIDs of the webhooks for Signalbox that have not come at any attempt."""
    ours = play.world.app("signalbox").id
    sent = [each for each in play.world.state.deliveries.values() if each.app_id == ours]
    return {each.guid for each in sent} - {each.guid for each in sent if each.status_code == 202}


async def complete(play: Play) -> bool:
    return "This plan is complete" in await play.status()


async def test_a_plan_ends_though_every_third_webhook_is_lost(tmp_path: Path) -> None:
    """Commands among them: what is said in a lost webhook is heard when it comes at last."""
    async with stage(tmp_path, resync_seconds=1) as play:
        await play.start(plan_of(CHAIN))
        await play.faults({"webhooks": {"app": "signalbox", "drop": 0.33, "seed": 5}})
        held = await play.say("wim", "/signalbox hold let me look", play.pulls["W1"])
        await play.until_stage("W1", "held")
        await play.hand_in("W2")
        await play.hand_in("W1")
        await play.say("wim", "/signalbox release W1")
        await play.until(lambda: complete(play), SOON)
        assert len(lost(play)) > 0

        async def all_came() -> bool:
            return not lost(play)

        await play.until(all_came, SOON)
        await play.settled()
        assert await play.merged() == ["W1", "W2"]
        assert await play.reactions(held) == {"eyes", "rocket"}
        assert len(await play.all_pulls()) == 2


async def test_without_any_webhook_the_slow_look_finds_everything(tmp_path: Path) -> None:
    async with stage(tmp_path, resync_seconds=1) as play:
        await begin(play, CHAIN)
        await play.faults({"webhooks": {"app": "signalbox", "drop": 1.0}})
        await bring(play, "W2")
        await bring(play, "W1")
        await play.until(lambda: complete(play), SOON)
        assert await play.merged() == ["W1", "W2"]
        assert len(lost(play)) > 10


async def test_github_goes_away_in_the_middle_and_comes_back(tmp_path: Path) -> None:
    """The stand-in is stopped and started on what it kept; Signalbox runs all the while."""
    port, data = free_port(), tmp_path / "github"
    async with contextlib.AsyncExitStack() as others:
        async with start_sandbox(port=port, data=data) as sandbox:
            bot = await others.enter_async_context(
                running(settings_for(sandbox.info, tmp_path, resync_seconds=1), web_side=True, worker_side=True)
            )
            connect(sandbox.world, f"http://127.0.0.1:{bot.port}/webhook")
            session = await others.enter_async_context(aiohttp.ClientSession())
            play = Play(info=sandbox.info, world=sandbox.world, bot=bot, session=session, folder=tmp_path)
            await begin(play, CHAIN)
            head = await play.push("part/w1", "w1.txt", "work\n")

        async def failed() -> bool:
            async with bot.database.session() as database:
                return bool((await database.execute(FAILURES)).first())

        await play.until(failed)  # Signalbox has noticed
        async with start_sandbox(port=port, data=data) as again:
            play.world, play.info = again.world, again.info
            async with base_ci_of(play):
                assert (await play.pull("W1"))["head"]["sha"] == head
                await bring(play, "W1")
                await bring(play, "W2")
                await play.until(lambda: complete(play), SOON)
                assert await play.merged() == ["W1", "W2"]
                assert sorted(await play.branches()) == ["main", "part/w1", "part/w2"]
            await others.aclose()
