"""What an operator sees: webhooks that broke, and the trail of what was done."""

import asyncio
import io
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot import console, log
from tests.scenarios.openings import opening
from tests.scenarios.play import Play, settings_for, stage

BROKEN = """CREATE TRIGGER broken BEFORE INSERT ON commands WHEN NEW.text LIKE '%break%'
            BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"""


async def sql(play: Play, statement: str, *values: str) -> list[tuple[Any, ...]]:
    """Do something to the database behind Signalbox's back."""

    def execute() -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(play.folder / "signalbox.sqlite3", timeout=10)) as database, database:
            return database.execute(statement, values).fetchall()

    return await asyncio.to_thread(execute)  # who holds the lock needs the event loop to let go of it


def url_of(play: Play) -> str:
    return f"sqlite+aiosqlite:///{play.folder / 'signalbox.sqlite3'}"


async def page(play: Play, path: str) -> str:
    assert play.bot is not None
    async with play.session.get(f"http://127.0.0.1:{play.bot.port}{path}") as response:
        return await response.text()


@opening(Play.start_plain, {"W1": [], "W2": []})
async def test_a_delivery_that_cannot_be_taken_in_is_parked_shown_and_replayed(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    await sql(play, BROKEN)
    await play.say("wim", "/signalbox hold W1 break")

    async def failed() -> list[tuple[str]]:
        return await sql(play, "SELECT guid FROM deliveries WHERE state = 'new' AND attempts = 1")

    [(guid,)] = await play.until(failed)
    await play.say("wim", "/signalbox hold W2")
    await play.until_stage("W2", "held")  # a bad one holds up none of the others
    await sql(play, "UPDATE deliveries SET attempts = 7, due_at = NULL WHERE guid = ?", guid)  # eleven minutes later
    await play.say("rita", "/signalbox status")

    async def parked() -> list[tuple[str]]:
        return await sql(play, "SELECT guid FROM deliveries WHERE state = 'parked'")

    assert await play.until(parked) == [(guid,)]
    assert "<dt>Parked deliveries</dt><dd>1</dd>" in await page(play, "/")
    metrics = await page(play, "/metrics")
    assert 'signalbox_deliveries{state="parked"} 1.0' in metrics
    assert 'signalbox_deliveries_handled_total{event="issue_comment",outcome="parked"} 1.0' in metrics
    capsys.readouterr()
    assert await console.list_deliveries(url_of(play), ["parked"], as_json=True) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["guid"], shown["event"], shown["attempts"]) == (guid, "issue_comment", 8)
    assert "the disk is broken" in shown["error"]
    assert await play.stage("W1") != "held"
    await sql(play, "DROP TRIGGER broken")
    assert await console.replay(url_of(play), [guid, "unknown"]) == 1
    said = capsys.readouterr()
    assert said.out == f"{guid}: new again\n"
    assert said.err.startswith("unknown: ")
    await play.until_stage("W1", "held")
    assert await console.replay(url_of(play), None) == 0
    assert capsys.readouterr().out == "No delivery is parked.\n"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the log goes, from debug up."""
    yield io.StringIO()
    log.configure("warning")


@pytest.fixture
async def told(tmp_path: Path, lines: io.StringIO) -> AsyncIterator[Play]:
    """A plan that is played to its end, with a refused command and a refused merge on the way."""
    async with stage(tmp_path) as play:
        log.configure("debug", secrets=settings_for(play.info, tmp_path).secrets, stream=lines)
        await play.start_plain({"W1": []}, protect=True)
        await play.say("wim", "/signalbox hold W1 until Monday")
        await play.until_stage("W1", "held")
        assert "until Monday" in await play.status()
        await play.say("wim", "/signalbox nonsense")
        await play.tell("wim", "/signalbox release W1")
        fault = {"match": "PUT /repos/*/pulls/*/merge", "times": 1, "status": 405, "body": {"message": "Not today"}}
        await play.faults({"api": [fault]})
        await play.land("W1")

        async def complete() -> bool:
            return "complete" in (await play.status()).lower()

        await play.until(complete)
        await play.tell("rita", "/signalbox log 50")
        yield play


async def test_what_was_done_can_be_followed(
    told: Play, lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told.bot is not None
    reply = (await told.replies())[-1]
    assert await console.export_trail(url_of(told), "octo/demo", told.issue, as_json=True) == 0
    trail = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    follow(trail, [json.loads(line) for line in lines.getvalue().splitlines()])
    whole_story(trail, reply, await told.check_on((await told.pull("W1"))["head"]["sha"]))
    metrics = await page(told, "/metrics")
    assert 'signalbox_merges_total{by="signalbox"} 1.0' in metrics
    assert "signalbox_plans_completed_total 1.0" in metrics
    assert 'signalbox_gate_waits_total{gate="hold"} 1.0' in metrics
    assert re.search(r'signalbox_github_requests_total\{route="graphql \w+",status="200"\} [1-9]', metrics)
    assert re.search(r'signalbox_github_rate_limit_left\{resource="graphql"\} \d+', metrics)


def follow(trail: list[dict[str, Any]], logged: list[dict[str, Any]]) -> None:
    """From the comment's webhook by its GUID to the turn, and by the turn's id to what came of it."""
    [hold] = [each for each in trail if each["what"].startswith("/signalbox hold")]
    guid, turn = hold["delivery"], hold["turn"]
    by_guid = [line for line in logged if line.get("guid") == guid or guid in line.get("guids", ())]
    assert [line["event"] for line in by_guid] == [
        "deliveries.stored",
        "command.stored",
        "delivery.done",
        "command.answered",
    ]
    assert (by_guid[1]["verb"], by_guid[1]["author"], by_guid[3]["turn"]) == ("hold", "wim", turn)
    by_turn = [line for line in logged if line.get("turn") == turn]
    assert {(line["lane"], line["repository"]) for line in by_turn} == {(by_guid[2]["lanes"][0], "octo/demo")}
    assert {line["event"] for line in by_turn} >= {"command.answered", "action.applied", "turn.done"}
    assert all(line["about"] and line["outcome"] for line in by_turn if line["event"] == "action.applied")


def whole_story(trail: list[dict[str, Any]], reply: str, check: dict[str, Any]) -> None:
    """Everything that was asked and done is in the trail, and in the reply to `/signalbox log` but for that itself."""
    commands = [(each["actor"], each["why"], each["outcome"]) for each in trail if each["kind"] == "command"]
    assert commands[:2] == [("ada", "admin", "done"), ("wim", "write", "done")]
    assert ("wim", "write", "refused") in commands
    merges = [each for each in trail if each["what"].startswith("merge W1")]
    assert [each["outcome"] for each in merges] == ["refused", "done"]
    assert {each["sha"] for each in merges} == {check["head_sha"]}
    assert "Not today" in merges[0]["detail"]
    assert not [each for each in trail if each["outcome"] is None and each["kind"] != "plan"]
    assert trail[-1]["what"] == "/signalbox log 50"
    assert reply.count("\n| 20") == len(trail) - 1
    assert "the plan is completed" in reply
