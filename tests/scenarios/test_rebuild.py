"""Stories of a lost database: Signalbox stops, its database is deleted, it starts again, and the plan goes on."""

import asyncio
import contextlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import rebuild, running
from bot.core.seal import read_sealed
from sandbox.server import start as start_sandbox
from tests.scenarios.base_ci import base_ci_of
from tests.scenarios.once import nothing_doubled
from tests.scenarios.play import Play, connect, plan_of, settings_for
from tests.scenarios.rollbacks import BAD, again, begin, break_base, bring, merge_rollback, merged, rollback_pulls
from tests.scenarios.test_bad_deliveries import send
from tests.scenarios.test_order_and_simulate import press

NEEDS = {"W1": (), "W2": ("W1",), "W3": ()}
FEW = {"W1": (), "W2": ("W1",)}
CHANGING = re.compile(
    r"127\.0\.0\.1:\d+|[0-9a-f]{40}|\b[0-9a-f]{7,12}\b|\d{4}.\d\d.\d\d.\d\d:\d\d.UTC|<!--.*-->", re.DOTALL
)


@dataclass(slots=True)
class Losing:
    """A stage on which Signalbox can be stopped, and its database lost."""

    play: Play
    stack: contextlib.AsyncExitStack

    @property
    def database(self) -> Path:
        return self.play.folder / "signalbox.sqlite3"

    async def start(self) -> None:
        """Start Signalbox on the database that is there, or on none."""
        settings = settings_for(self.play.info, self.play.folder)
        self.play.bot = await self.stack.enter_async_context(running(settings, web_side=True, worker_side=True))
        connect(self.play.world, f"http://127.0.0.1:{self.play.bot.port}/webhook")

    async def pause(self) -> None:
        """Stop it, and keep its database."""
        await self.stack.aclose()
        self.play.bot = None

    async def stop(self) -> None:
        """Stop it and delete its database."""
        await self.pause()
        for file in self.play.folder.glob("signalbox.sqlite3*"):
            file.unlink()

    async def lose(self) -> None:
        """Lose the database, and start anew without."""
        await self.stop()
        await self.start()


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Losing]:
    folder.mkdir(exist_ok=True)
    async with (
        start_sandbox(port=0, data=folder / "github") as sandbox,
        aiohttp.ClientSession() as session,
        contextlib.AsyncExitStack() as stack,
    ):
        losing = Losing(Play(info=sandbox.info, world=sandbox.world, bot=None, session=session, folder=folder), stack)
        await losing.start()
        async with base_ci_of(losing.play):
            yield losing


@pytest.fixture
async def losing(tmp_path: Path) -> AsyncIterator[Losing]:
    async with stage(tmp_path) as ready:
        yield ready


async def seen(play: Play) -> dict[str, Any]:
    """What users see in the end: pulls, comments, tags, branches, labels, reactions; without times and shas."""
    pulls = await play.all_pulls()
    threads = [play.issue, *(each["number"] for each in pulls)]
    talks = {number: await play.comments(number) for number in threads}
    tags = await play.get(f"/git/matching-refs/tags/signalbox/{play.issue}/")
    titles = {pull["merge_commit_sha"]: pull["title"] for pull in pulls}
    return {
        "plan": (await play.get(f"/issues/{play.issue}"))["body"],
        "pulls": [
            (
                pull["title"], pull["state"], pull["merged_at"] is not None, pull["draft"], pull["head"]["ref"],
                sorted(label["name"] for label in pull["labels"]),
                (await play.check_on(pull["head"]["sha"]) or {"conclusion": None})["conclusion"],
            )
            for pull in pulls
        ],
        "merged": await play.merged(),
        "tags": [(tag["ref"], titles.get(tag["object"]["sha"], "the start")) for tag in tags],
        "branches": await play.branches(),
        "comments": {
            number: Counter(
                (said["user"]["login"], CHANGING.sub("…", said["body"]) if "signalbox:reply" in said["body"] else "")
                for said in talk
            )
            for number, talk in talks.items()
        },
        "reactions": [sorted(await play.reactions(said["id"])) for talk in talks.values() for said in talk],
        "status": " ".join(CHANGING.sub("…", await play.status()).split()),
    }  # fmt: skip


async def lives(losing: Losing, *, loses: bool) -> dict[str, Any]:
    """Play one plan to its end, with the database lost at every turn of the story or never."""
    play = losing.play

    async def fate() -> None:
        if loses:
            await losing.lose()

    await play.protect_main()
    await play.plan(plan_of(NEEDS))
    await play.until(play.status_comment)
    await play.settled()
    await fate()  # before anybody started it
    await play.settled()
    await play.say("ada", "/signalbox start")
    await play.settled()
    play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in await play.all_pulls()}
    await play.tell("mia", "/signalbox hold W3 not on a Friday")
    await play.tell("wim", "/signalbox why W2")
    await fate()  # with a hold set
    await play.settled()
    play.base_ci = silent
    await play.hand_in("W3")
    await play.land("W1")
    await play.until_stage("W1", "verifying")
    await play.settled()
    await fate()  # after a merge, before it is verified
    play.base_ci = green
    await play.report((await play.pull("W1"))["merge_commit_sha"], "success")
    await play.until_stage("W1", "done")
    await play.settled()
    assert await play.stage("W3") == "held"
    if loses:
        await losing.stop()  # and these are written while there is neither database nor Signalbox
    release = await play.say("mia", "/signalbox release W3")
    refused = await play.say("otto", "/signalbox pause")
    await play.hand_in("W2")
    if loses:
        await losing.start()

    async def complete() -> bool:
        return "This plan is complete" in await play.status()

    await play.until(complete)
    await play.settled()
    await fate()  # and when all is over
    await play.settled()
    assert await play.reactions(release) == {"eyes", "rocket"}
    assert await play.reactions(refused) == {"eyes", "confused"}
    return await seen(play)


async def green(_sha: str) -> str | None:
    return "success"


async def silent(_sha: str) -> str | None:
    return None


async def test_a_plan_whose_database_is_lost_again_and_again_ends_as_one_that_kept_it(tmp_path: Path) -> None:
    async with stage(tmp_path / "kept") as kept:
        wanted = await lives(kept, loses=False)
    async with stage(tmp_path / "lost") as lost:
        found = await lives(lost, loses=True)
    for what, value in wanted.items():
        if what != "merged":
            assert found[what] == value, what
    assert sorted(found["merged"]) == ["W1", "W2", "W3"]
    assert found["merged"][0] == "W1"


async def test_a_rollback_goes_on_where_it_was(losing: Losing) -> None:
    play = losing.play
    await begin(play, {"W1": (), "W2": ("W1",)})
    await bring(play, "W1")
    await play.until_stage("W1", "done")
    good = await play.tree("main")
    await break_base(play, "W2")
    await play.settled()
    await losing.lose()
    await merge_rollback(play)
    await losing.lose()
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == good
    assert len(await rollback_pulls(play)) == 1
    branch = await again(play, "W2")
    await play.push(branch, "mended.txt", "good\n")
    await bring(play, "W2", {"more.txt": "more\n"})
    await play.until_stage("W2", "done")
    await merged(play, "W2")
    await play.settled()
    assert BAD in await play.tree("main")
    assert "This plan is complete" in await play.status()
    tags = await play.get(f"/git/matching-refs/tags/signalbox/{play.issue}/")
    assert [tag["ref"].split("/")[-1] for tag in tags] == ["cp-0", "cp-1", "cp-2"]
    assert await play.status_comment() is not None


async def half_done(play: Play) -> None:
    """Start a plan of two and bring it to where the first has landed."""
    await play.start(plan_of(FEW), protect=False)
    await play.land("W1")
    await play.until_stage("W1", "done")
    await play.settled()


async def test_a_comment_that_somebody_edited_brings_no_plan_back_but_a_maintainer_does(losing: Losing) -> None:
    play = losing.play
    await half_done(play)
    await losing.stop()
    status = await play.status_comment()
    await play.do("wim", "PATCH", f"/issues/comments/{status['id']}", {"body": status["body"]})
    await play.hand_in("W2")
    await losing.start()

    async def warned() -> bool:
        return "What was known of this plan is lost" in await play.status()

    await play.until(warned)
    await play.settled()
    assert (await play.status_comment())["id"] == status["id"]
    assert await play.merged() == ["W1"]
    assert await play.check("W2") is None  # so that it cannot be merged
    reactions, replies = await play.tell("wim", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert len(replies) == 1
    assert await play.merged() == ["W1"]
    play.world.clock.advance(1)  # the issue was ticked in this second: a text of the same second is not started
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}, replies
    await play.until_stage("W1", "done")
    await play.say("wim", "/signalbox ready", play.pulls["W2"])  # what was said before does not count any more
    await play.until_stage("W2", "done")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert len(await play.all_pulls()) == 2


async def new_key(play: Play) -> None:
    """Give the App a new private key and delete the old one."""
    play.info |= await play.do("ada", "POST", "//_sandbox/apps/signalbox/keys")
    await play.do("ada", "DELETE", "//_sandbox/apps/signalbox/keys")


def seal_of(body: str) -> str:
    sealed = read_sealed(body)
    assert sealed is not None
    return sealed.code


async def test_a_plan_that_had_a_turn_with_a_new_key_comes_back_by_it(losing: Losing) -> None:
    """Nothing else changed by then: the comment is written anew for its seal alone."""
    play = losing.play
    await half_done(play)
    before = await play.status()
    await losing.pause()
    await new_key(play)
    await losing.start()

    async def sealed_anew() -> bool:
        return seal_of(await play.status()) != seal_of(before)

    await play.until(sealed_anew)
    await play.settled()
    after = await play.status()
    assert after.partition("<!-- signalbox-keepsake")[0] == before.partition("<!-- signalbox-keepsake")[0]
    await losing.lose()
    await play.land("W2")
    await play.until_stage("W2", "done")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert "This plan is complete" in await play.status()
    await nothing_doubled(play)


async def test_a_plan_that_had_no_turn_with_a_new_key_does_not_come_back_by_it(losing: Losing) -> None:
    play = losing.play
    await half_done(play)
    await losing.stop()
    await new_key(play)
    await losing.start()

    async def warned() -> bool:
        return "What was known of this plan is lost" in await play.status()

    await play.until(warned)
    await play.settled()
    assert "the App's private key is another one" in await play.status()
    await play.hand_in("W2")
    await play.settled()
    assert await play.merged() == ["W1"]
    await nothing_doubled(play)


async def test_what_was_sent_before_the_loss_is_not_carried_out_when_it_is_sent_again(losing: Losing) -> None:
    """Somebody kept old webhooks, which GitHub signed, and sends them under new GUIDs."""
    play = losing.play
    await play.start(plan_of(FEW), protect=False)
    for line in ("hold W1", "hold W2", "release W2"):
        await play.tell("wim", f"/signalbox {line}")
    assert await press(play, "wim", "W1", "release") == 202
    await asyncio.sleep(1)  # a comment in the second of the press would be taken for an earlier one
    await play.tell("wim", "/signalbox hold W1")  # the check shows what it showed when the button was pressed
    assert await play.stage("W1") == "held"
    old = [each for each in play.world.state.deliveries.values() if each.event in {"issue_comment", "check_run"}]
    asked = [each for each in old if each.action in {"created", "requested_action"} and each.event != "check_run"]
    pressed = [each for each in old if each.action == "requested_action"]
    assert (len(pressed), len(asked) >= 5) == (1, True)
    await losing.lose()
    await play.settled()
    for number, each in enumerate((*asked, *pressed)):
        assert await send(play, json.dumps(each.payload).encode(), each.event, guid=f"again-{number}") == 202
    await play.settled()
    assert (await play.stage("W1"), await play.stage("W2")) == ("held", "waiting")
    assert await play.replies() == []
    (reply,) = await play.replies(play.pulls["W1"])
    assert "press again" in reply
    assert await press(play, "wim", "W1", "release") == 202
    assert await play.stage("W1") == "ready"


async def test_by_hand_it_says_what_it_restored_and_leaves_alone_what_is_known(losing: Losing) -> None:
    play = losing.play
    await half_done(play)
    await losing.stop()
    await play.say("mia", "/signalbox hold W2")
    settings = settings_for(play.info, play.folder)

    async def by_hand(*, force: bool = False, repository: str = "octo/demo") -> tuple[int, str]:
        report = await rebuild(settings, repository, play.issue, force=force)
        return report.exit_code, "\n".join(report.lines)

    code, said = await by_hand()
    assert code == 0, said
    for words in ("2, with 2 pull requests", f"W1 (#{play.pulls['W1']})", "cp-0, cp-1", "/signalbox hold W2 by mia"):
        assert words in said
    code, said = await by_hand()
    assert (code, "is known already" in said) == (1, True)
    code, said = await by_hand(force=True)
    assert code == 0, said
    code, said = await by_hand(repository="octo/other")
    assert (code, "not installed" in said) == (1, True)
    await losing.start()
    await play.until_stage("W2", "held")
    await play.settled()
    assert await play.status_comment() is not None
    assert len(await play.all_pulls()) == 2
    assert await play.replies() == []
