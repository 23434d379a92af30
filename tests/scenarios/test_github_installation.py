"""Stories of an installation that is suspended, removed, lowered, and of an App whose key or clock is another."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import running
from bot.core import liveness
from bot.github import app_auth
from sandbox.server import start as start_sandbox
from tests.scenarios.once import nothing_doubled
from tests.scenarios.openings import opening
from tests.scenarios.play import Play, connect, settings_for, stage

OWNER = "ada"


async def as_the_app(play: Play, method: str, path: str) -> None:
    """Do what the App's owner may do through the API."""
    auth = app_auth.AppAuth(play.info["app_id"], Path(play.info["private_key_file"]).read_text())
    headers = {"Authorization": f"Bearer {auth.jwt()}"}
    async with play.session.request(method, f"{play.info['api_url']}{path}", headers=headers) as response:
        assert response.status < 300, await response.text()


async def installation(play: Play) -> Any:
    """Return the App's installation as the sandbox keeps it."""
    app = play.world.app("signalbox")
    (found,) = [each for each in play.world.state.installations.values() if each.app_id == app.id]
    return found


async def grant(play: Play, **changes: str | None) -> None:
    """Change what the installation grants, as its owner; None = taken away."""
    found = await installation(play)
    levels = {area: level for area, level in {**found.permissions, **changes}.items() if level is not None}
    await play.do(OWNER, "PATCH", f"//_sandbox/installations/{found.id}", {"permissions": levels})


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]}, protect=True)
async def test_a_suspended_plan_rests_and_goes_on_when_it_may(play: Play) -> None:
    path = f"/app/installations/{play.info['installation_id']}/suspended"
    await as_the_app(play, "PUT", path)
    await play.settled()
    await play.forget_requests()
    await play.hand_in("W1")  # nobody hears of it
    await play.settled()
    assert [each for each in await play.requests() if each["status"] == 200] == []
    assert await play.merged() == []
    await as_the_app(play, "DELETE", path)
    await play.settled()
    assert await play.stage("W1") == "running"  # the push was read; the command was never sent
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.settled()
    assert await play.merged() == ["W1"]
    assert await play.stage("W2") == "ready"
    assert "1 of 2 done" in await play.status()
    await nothing_doubled(play)


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]}, protect=True)
async def test_an_app_that_is_installed_again_takes_its_plan_up_where_it_was(play: Play) -> None:
    before = await play.status_comment()
    await as_the_app(play, "DELETE", f"/app/installations/{play.info['installation_id']}")
    await play.settled()
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == []
    await play.do(OWNER, "POST", "//_sandbox/apps/signalbox/installations", {"account": "octo"})
    await play.settled()
    assert await play.stage("W1") == "running"
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.settled()
    assert await play.merged() == ["W1"]
    after = await play.status_comment()
    assert after["id"] == before["id"]
    assert len(await play.all_pulls()) == 2
    await nothing_doubled(play)


@pytest.fixture
def wary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use no token a second time once one was refused a permission."""
    monkeypatch.setattr(app_auth, "WARY", timedelta(0))


@pytest.fixture
def examined_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examine the set-up in every turn instead of once an hour."""
    for name in ("FIRST_LOOK", "WELL", "ILL"):
        monkeypatch.setattr(liveness, name, timedelta(0))


async def test_a_permission_that_is_missing_is_named_with_the_place_to_give_it(
    play: Play, wary: None, examined_at_once: None
) -> None:
    await play.start_plain({"W1": []}, protect=True)
    await grant(play, checks=None)
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == []
    assert await play.check("W1") is None  # of the new head
    status = await play.status()
    assert "The App lacks the permission `Checks: read and write`" in status
    assert f"/settings/installations/{play.info['installation_id']}" in status
    assert "Refused by GitHub" in status
    await grant(play, checks="write")
    await play.settled()
    assert await play.merged() == ["W1"]
    status = await play.status()
    assert "Self-check" not in status
    assert "Refused by GitHub" not in status
    await nothing_doubled(play)


async def test_what_cannot_be_said_for_want_of_a_permission_is_said_once_it_can(play: Play, wary: None) -> None:
    await play.start_plain({"W1": []}, protect=True)
    before = await play.status_comment()
    await grant(play, issues=None, pull_requests="read", contents="read")
    await play.hand_in("W1")
    await play.settled()
    assert (await play.status_comment())["body"] == before["body"]
    assert await play.merged() == []
    await grant(play, issues="write", pull_requests="write", contents="write")
    await play.settled()
    assert await play.merged() == ["W1"]
    assert "This plan is complete" in await play.status()
    await nothing_doubled(play)


async def test_a_new_key_takes_over_from_the_old_one(tmp_path: Path) -> None:
    async with start_sandbox(port=0, data=tmp_path / "github") as sandbox, aiohttp.ClientSession() as session:
        play = Play(info=sandbox.info, world=sandbox.world, bot=None, session=session, folder=tmp_path)
        old = settings_for(sandbox.info, tmp_path)
        async with running(old, web_side=True, worker_side=True) as play.bot:
            connect(sandbox.world, f"http://127.0.0.1:{play.bot.port}/webhook")
            await play.start_plain({"W1": []}, protect=True)
            new = await play.do(OWNER, "POST", "//_sandbox/apps/signalbox/keys")
            await play.push("part/w1", "w1.txt", "work\n")
            await play.settled()
            assert await play.stage("W1") == "running"  # both keys count
        await play.do(OWNER, "DELETE", "//_sandbox/apps/signalbox/keys")
        async with running(old, web_side=True, worker_side=True) as play.bot:
            connect(sandbox.world, f"http://127.0.0.1:{play.bot.port}/webhook")
            await play.do("mia", "PATCH", f"/pulls/{play.pulls['W1']}", {"state": "closed"})

            async def refused() -> bool:
                return any(each["status"] == 401 for each in await all_requests(play))

            await play.until(refused)
            assert await play.stage("W1") == "running"  # it may not even look
        settings = settings_for({**sandbox.info, **new}, tmp_path)
        async with running(settings, web_side=True, worker_side=True) as play.bot:
            connect(sandbox.world, f"http://127.0.0.1:{play.bot.port}/webhook")
            await play.until_stage("W1", "failed")
            await play.settled()
            await nothing_doubled(play)


async def all_requests(play: Play) -> list[Any]:
    """Return the API's whole log, with the requests that nobody knew the sender of."""
    async with play.session.get(f"{play.info['api_url']}/_sandbox/requests") as response:
        return list((await response.json())["requests"])


@pytest.mark.parametrize("ahead", [-120, 120], ids=["GitHub is behind", "GitHub is ahead"])
async def test_clocks_that_differ_by_two_minutes_do_not_matter(tmp_path: Path, ahead: int) -> None:
    async with stage(tmp_path) as play:
        play.world.clock.advance(ahead)
        await play.start_plain({"W1": []})
        await play.push("part/w1", "w1.txt", "work\n")
        await play.settled()
        assert await play.stage("W1") == "running"
        await nothing_doubled(play)
