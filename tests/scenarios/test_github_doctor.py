"""Stories of `signalbox doctor` beside a running server, and of the self-check in the status comment."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import log
from bot.__main__ import main
from bot.core import liveness
from tests.scenarios.once import nothing_doubled
from tests.scenarios.play import Play

UNPINNED = {"strict": False, "checks": [{"context": "signalbox", "app_id": -1}, {"context": "docs", "app_id": -1}]}


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """The program, run here, has the log go where this test's output does, which ends with it."""
    yield
    log.configure("warning")


async def doctor(play: Play, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, str]]:
    """Run the program on octo/demo; return its exit code, and what it found: code -> health."""
    capsys.readouterr()
    code = await asyncio.to_thread(main, ["doctor", "octo/demo", "--json", *more])
    output = json.loads(capsys.readouterr().out)
    return code, {each["code"]: each["health"] for each in output["findings"]}


def set_up(play: Play, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Give the program the settings of the running server."""
    values = {
        "GITHUB_APP_ID": str(play.info["app_id"]), "GITHUB_PRIVATE_KEY_FILE": play.info["private_key_file"],
        "GITHUB_WEBHOOK_SECRET": play.info["webhook_secret"], "GITHUB_API_URL": play.info["api_url"],
        "GITHUB_GRAPHQL_URL": play.info["graphql_url"], "LOG_LEVEL": "ERROR",
        "DATABASE_URL": f"sqlite+aiosqlite:///{play.folder / 'signalbox.sqlite3'}",
    }  # fmt: skip
    for name, value in {**values, **more}.items():
        monkeypatch.setenv(name, value)


async def require(play: Play, checks: dict[str, Any]) -> None:
    await play.do("ada", "PUT", "/branches/main/protection", {
        "required_status_checks": checks, "enforce_admins": True, "required_pull_request_reviews": None,
        "restrictions": None,
    })  # fmt: skip


async def test_doctor_finds_what_is_wrong_and_writes_nothing(
    play: Play, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(play, monkeypatch)
    await play.start_plain({"W1": []}, protect=True)
    before = await play.state()
    await play.forget_requests()
    code, found = await doctor(play, capsys)
    assert (code, set(found.values())) == (0, {"ok"})
    assert set(found) == {"installed", "permissions", "events", "webhooks", "required", "settings", "plans"}
    asked = [f"{each['method']} {each['route']}" for each in await play.requests()]
    minted = ["GET /app/installations/{installation_id}", "POST /app/installations/{installation_id}/access_tokens"]
    assert len([each for each in asked if each not in minted]) == 7 + 1  # and one read for the plan
    await require(play, UNPINNED)
    monkeypatch.setattr(liveness, "STUCK", timedelta(0))
    await play.faults({"mergeable_unknown": 1000})
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.settled()
    code, found = await doctor(play, capsys)
    assert code == 1
    assert {each: health for each, health in found.items() if health != "ok"} == {
        "unpinned": "warning", "never-reported": "problem", "not-known": "problem",
    }  # fmt: skip
    assert (await play.state())["octo/demo"]["branches"].keys() == before["octo/demo"]["branches"].keys()
    await nothing_doubled(play)


async def test_doctor_says_where_it_cannot_look(
    play: Play, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere.sqlite3"
    set_up(play, monkeypatch, DATABASE_URL=f"sqlite+aiosqlite:///{nowhere}")
    code, found = await doctor(play, capsys)
    assert (code, found["plans-unseen"], found["advisory"]) == (0, "warning", "warning")
    assert not nowhere.exists()
    code, found = await doctor(play, capsys, "--base", "nobody")
    assert (code, found["base-missing"]) == (1, "problem")
    await play.do("ada", "POST", "//_sandbox/apps/signalbox/keys")
    await play.do("ada", "DELETE", "//_sandbox/apps/signalbox/keys")
    code, found = await doctor(play, capsys)
    assert (code, found) == (2, {})
    assert await asyncio.to_thread(main, ["doctor", "octo/demo"]) == 2
    assert "cannot look" in capsys.readouterr().out


async def test_the_status_comment_says_what_keeps_a_plan_from_moving_until_it_is_mended(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRST_LOOK", "WELL", "ILL"):
        monkeypatch.setattr(liveness, name, timedelta(0))
    await play.plan()
    await play.settled()
    assert "`signalbox` is not a required check on `main`" in await play.status()  # before anybody starts it
    await require(play, UNPINNED)
    await play.say("ada", "/signalbox start")
    await play.settled()
    status = await play.status()
    assert "required on `main`, but from any source" in status
    assert "`docs` is required on `main`" in status
    await play.protect_main()
    await play.settled()
    assert "Self-check" not in await play.status()
    await nothing_doubled(play)
