"""Secrets are fed through every way in, and looked for in every text that comes out: whatever Signalbox sends, logs or stores."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import app, console, log
from bot.core.redaction import REMOVED
from bot.store.tables import unpack
from tests.scenarios import secret_story as story
from tests.scenarios.play import Play, plan_of, settings_for
from tests.scenarios.secrets import Recorder, kept_in, own_secrets, texts_in, token, told, untick, without_names, words
from tests.scenarios.test_operations import page, sql, url_of
from tests.scenarios.test_rebuild import Losing, stage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the log goes, from debug up."""
    yield io.StringIO()
    log.configure("warning")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    recorder.install(monkeypatch)
    return recorder


@pytest.fixture
async def losing(tmp_path: Path, recorder: Recorder, lines: io.StringIO) -> AsyncIterator[Losing]:
    assert not recorder.texts
    async with stage(tmp_path) as ready:
        log.configure("debug", secrets=settings_for(ready.play.info, tmp_path).secrets, stream=lines)
        yield ready


async def examined(play: Play) -> dict[str, str]:
    """What `signalbox doctor` says: of a base with odd rules, of one that is not there, and when GitHub refuses."""
    checks = [{"context": "signalbox", "app_id": -1}, {"context": f"ci {token('rule')}", "app_id": -1}]
    await play.do("ada", "PUT", f"/branches/{story.BASE}/protection", {
        "required_status_checks": {"strict": False, "checks": checks}, "enforce_admins": True,
        "required_pull_request_reviews": None, "restrictions": None,
    })  # fmt: skip
    settings, said = settings_for(play.info, play.folder), ""
    for base, faults in ((story.BASE, 0), (token("nobase"), 0), (story.BASE, 3)):
        refusal = {"message": words("refusal")}
        await play.faults({"api": [{"match": "GET /app", "times": faults, "status": 500, "body": refusal}]})
        report = await app.doctor(settings, "octo/demo", base)
        said += report.to_json() + report.to_text()
    assert "never-reported" in said
    assert "cannot look" in said
    return {"doctor": said}


async def printed(play: Play, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the command line prints about the database."""
    said = {"trail": "", "deliveries": ""}
    capsys.readouterr()
    for as_json in (False, True):
        assert await console.export_trail(url_of(play), "octo/demo", play.issue, as_json=as_json) == 0
        said["trail"] += capsys.readouterr().out
        assert await console.list_deliveries(url_of(play), ["new", "parked", "done"], as_json=as_json) == 0
        said["deliveries"] += capsys.readouterr().out
    return said


async def rebuilt(losing: Losing) -> dict[str, str]:
    """What `signalbox rebuild` prints beside a running server, and when the database is lost; commands are read again."""
    play = losing.play
    settings = settings_for(play.info, play.folder)
    reports = [await app.rebuild(settings, "octo/demo", play.issue, force=force) for force in (False, True)]
    await play.settled()
    await losing.stop()
    await play.say("mia", f"/signalbox hold W2 {words('command')}")
    reports.append(await app.rebuild(settings, "octo/demo", play.issue, force=False))
    assert [each.exit_code for each in reports] == [1, 0, 0]
    return {"rebuild": "\n".join(line for each in reports for line in each.lines)}


async def stored(play: Play) -> dict[str, str]:
    """Each column of the database, but for what is to be kept as it came: see docs/operations.md."""
    found: dict[str, str] = {}
    for (table,) in await sql(play, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        for _, column, *_ in await sql(play, f"PRAGMA table_info({table})"):
            where = "WHERE state NOT IN ('new', 'parked')" if (table, column) == ("deliveries", "body") else ""
            values = [value for (value,) in await sql(play, f"SELECT {column} FROM {table} {where}")]
            if (table, column) == ("plans", "memory"):
                found |= remembered("memory", json.loads(values[0]))
            else:
                read = [unpack(each).decode() if isinstance(each, bytes) else str(each) for each in values]
                found[f"{table}.{column}"] = without_names(read, story.NAMES)
    return found


def remembered(where: str, memory: dict[str, Any]) -> dict[str, str]:
    """Each field of a plan's memory but the plan's text and the config, which are kept as they were written."""
    as_written = {"approved_body": story.TEXT, "approved_plan": story.TEXT, "good_config": {"wanted"}}
    for name, places in as_written.items():
        assert told(json.dumps(memory.get(name))) <= places, name
    return {
        f"{where}.{name}": without_names(texts_in(each), story.NAMES)
        for name, each in memory.items() if name not in as_written
    }  # fmt: skip


async def played(losing: Losing, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Play the whole story; return all that came out but the log and the requests, by where."""
    play = losing.play
    midway: dict[str, str] = {}
    for act in story.ACTS:
        await act(play)
        midway |= {f"{where}, {act.__name__}": text for where, text in (await stored(play)).items()}
    found = midway | {"errors": repr(await story.crash(play))} | await printed(play, capsys)
    await sql(play, "DROP TRIGGER intake")
    found |= await examined(play)
    found |= {path: await page(play, path) for path in ("/", "/metrics")}
    found |= await stored(play)
    files = b"".join(path.read_bytes() for path in play.folder.glob("signalbox.sqlite3*"))
    for secret in (play.info["webhook_secret"], *(each.token for each in play.world.state.tokens.values())):
        assert secret.encode() not in files
    return found | await rebuilt(losing)


async def test_no_secret_that_was_read_anywhere_is_told_again(
    losing: Losing, recorder: Recorder, lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await played(losing, capsys)
    kept = [json.loads(each)["memory"] for text in recorder.texts if (each := kept_in(text)) is not None]
    assert len(kept) > 10
    for number, memory in enumerate(kept):
        found |= remembered(f"kept {number}", memory)
    plain = [each for each in recorder.texts if untick(each) not in {untick(story.PLAN), untick(story.EDITED)}]
    found |= {"log": lines.getvalue(), "sent": without_names(plain, story.NAMES)}
    assert {where: places for where, text in found.items() if (places := told(text))} == {}
    own = own_secrets(losing.play)
    assert [(where, each) for where, text in found.items() for each in own if each in text] == []
    for where in ("errors", "trail", "deliveries", "doctor", "rebuild", "log", "sent", "audit.detail", "memory.intent"):
        assert REMOVED in found[where], f"nothing was fed that comes out as {where}"


async def test_a_secret_of_its_own_that_looks_like_none_is_not_in_the_log(losing: Losing, lines: io.StringIO) -> None:
    play = losing.play
    secret = play.info["webhook_secret"]
    assert not told(secret)
    await play.start(plan_of({"W1": []}), protect=False)
    refusal = {"message": f"The secret is {secret}"}
    await play.faults({"api": [{"match": "PUT /repos/*/pulls/*/merge", "times": 1, "status": 405, "body": refusal}]})
    await play.land("W1")
    when = "NEW.text LIKE '%break%'"
    await sql(play, story.GUARD.format(name="intake", event="INSERT ON commands", when=when, words=f"not {secret}"))
    await play.say("wim", "/signalbox hold W1 break")

    async def logged() -> bool:
        return "delivery.retried" in lines.getvalue()

    await play.until(logged)
    assert f"The secret is {REMOVED}" in lines.getvalue()
    assert f"not {REMOVED}" in lines.getvalue()
    assert secret not in lines.getvalue()


PASSWORD = "correct%2Fhorse"  # as it stands in an address
COMMANDS = (("deliveries", "--json"), ("rebuild", "octo/demo#1"), ("doctor", "octo/demo"), ("serve",))


async def test_no_command_that_cannot_reach_its_database_tells_the_password(losing: Losing) -> None:
    play = losing.play
    environment = os.environ | {
        "GITHUB_APP_ID": str(play.info["app_id"]), "GITHUB_PRIVATE_KEY_FILE": play.info["private_key_file"],
        "GITHUB_WEBHOOK_SECRET": play.info["webhook_secret"], "GITHUB_API_URL": play.info["api_url"], "PORT": "0",
        "DATABASE_URL": f"postgresql://bob:{PASSWORD}@127.0.0.1:1/signalbox", "HOST": "127.0.0.1", "LOG_LEVEL": "DEBUG",
    }  # fmt: skip

    async def said(command: tuple[str, ...]) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *command, env=environment, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return output.decode()

    for command, text in zip(COMMANDS, await asyncio.gather(*map(said, COMMANDS)), strict=True):
        assert len(text) > 20, command
        for secret in (PASSWORD, "correct/horse", *own_secrets(play)):
            assert secret not in text, command
