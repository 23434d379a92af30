"""Signalbox as a program: killed, stopped, started again, wrongly set up, and as a command in a terminal."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.worker import apply
from sandbox.server import start as start_sandbox
from tests.ports import free_port
from tests.scenarios.once import nothing_doubled
from tests.scenarios.play import PLAN, Play, plan_of
from tests.scenarios.process import BotProcess, stage_apart

ROOT = Path(__file__).resolve().parents[2]
SOON = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A sandbox in this process and Signalbox in another."""

    play: Play
    bot: BotProcess


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on which Signalbox can be killed; it is running."""
    async with stage_apart(tmp_path) as (play, bot):
        yield Stage(play, bot)


def environment(bot: BotProcess, **more: str) -> dict[str, str]:
    """Return what the program needs, and nothing of the machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return kept | {
        "GITHUB_APP_ID": str(bot.info["app_id"]), "GITHUB_PRIVATE_KEY_FILE": str(bot.info["private_key_file"]),
        "GITHUB_WEBHOOK_SECRET": bot.info["webhook_secret"], "GITHUB_API_URL": bot.info["api_url"],
        "GITHUB_GRAPHQL_URL": bot.info["graphql_url"], "DATABASE_URL": bot.database_url,
        "HOST": "127.0.0.1", "PORT": str(bot.port),
    } | more  # fmt: skip


async def run(*arguments: str, env: dict[str, str] | None = None, folder: Path | None = None) -> tuple[int, str, str]:
    """Run the program to its end; return exit code, output and errors."""
    where = dict(os.environ if env is None else env) | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, env=where, cwd=folder or ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_a_kill_in_the_middle_of_a_start_leaves_no_half_plan(apart: Stage) -> None:
    play = apart.play
    await play.plan()
    await play.until(play.status_comment, SOON)
    await play.faults({"api": [{"match": "POST /graphql mutation:*", "times": 1000, "delay_ms": 60}]})
    await play.say("ada", "/signalbox start")

    async def under_way() -> bool:
        return len(await play.branches()) > 1

    await play.until(under_way, SOON)
    await apart.bot.kill()
    await play.faults({})
    await apart.bot.start()

    async def laid() -> bool:
        pulls = await play.all_pulls()
        play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in pulls}
        return len(pulls) == 3 and all([await play.check(key) for key in play.pulls])

    await play.until(laid, SOON)
    assert await play.branches() == ["feat/ledger", "feat/orders", "feat/prices", "main"]
    for key in play.pulls:
        assert len(await play.get(f"/pulls/{play.pulls[key]}/commits")) == 1
    assert await play.replies() == []
    assert await play.status_comment() is not None


def patient() -> None:
    """Wait for what may yet appear, as in production, if not as long."""
    apply.LATEST = timedelta(seconds=2)


async def test_a_check_that_comes_about_after_its_maker_was_killed_is_the_only_one(tmp_path: Path) -> None:
    """The next process takes the plan at once, and does not see yet what GitHub is still carrying out."""
    async with stage_apart(tmp_path, patient) as (play, bot):
        await play.plan()
        await play.until(play.status_comment, SOON)
        await play.faults({"api": [{"match": "POST /graphql mutation:createCheckRun", "times": 1, "delay_ms": 1500}]})
        await play.say("ada", "/signalbox start")

        async def under_way() -> bool:
            return bool(play.world.faults.settings.api[0].times == 0)

        await play.until(under_way, SOON)
        await bot.kill()
        late = set(play.world.running)
        await bot.start()

        async def checked() -> bool:
            pulls = await play.all_pulls()
            play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in pulls}
            return len(pulls) == 3 and all([await play.check(key) for key in play.pulls])

        await play.until(checked, SOON)
        await play.settled()
        assert late
        await asyncio.wait(late)
        await nothing_doubled(play)


async def test_a_kill_in_the_middle_of_a_merge_merges_once(apart: Stage) -> None:
    play = apart.play
    await play.start(plan_of({"W1": [], "W2": ["W1"]}))
    await play.hand_in("W2")
    await play.faults({"api": [{"match": "PUT /repos/*/pulls/*/merge", "times": 1, "delay_ms": 400}]})
    await play.hand_in("W1")
    await play.until_stage("W1", "mergeable")
    await apart.bot.kill()
    await play.faults({})
    await apart.bot.start()

    async def complete() -> bool:
        return "complete" in (await play.status()).lower()

    await play.until(complete, SOON)
    assert await play.merged() == ["W1", "W2"]


async def test_a_command_written_while_it_was_down_is_obeyed_after_the_restart(apart: Stage) -> None:
    play = apart.play
    await play.plan()
    await play.until(play.status_comment, SOON)
    await apart.bot.stop()
    comment = await play.say("ada", "/signalbox start")

    async def failed() -> bool:
        async with play.session.get(f"{play.info['api_url']}/_sandbox/deliveries") as response:
            return int((await response.json())["pending"]) == 0

    await play.until(failed)
    await apart.bot.start()

    async def laid() -> bool:
        return len(await play.all_pulls()) == 3

    await play.until(laid, SOON)

    async def answered() -> bool:
        return await play.reactions(comment) == {"eyes", "rocket"}

    await play.until(answered, SOON)
    assert sorted(pull["title"].partition(":")[0] for pull in await play.all_pulls()) == ["W1", "W2", "W3"]


async def test_a_push_while_it_was_down_is_noticed_after_the_restart(apart: Stage) -> None:
    play = apart.play
    await play.start(plan_of({"W1": []}))
    await apart.bot.kill()
    await play.push("part/w1", "w1.txt", "work\n")
    await apart.bot.start()
    await play.until_stage("W1", "running")
    pull = await play.pull("W1")
    assert (await play.check("W1"))["head_sha"] == pull["head"]["sha"] == await play.tip("part/w1")


async def test_it_stops_when_asked_with_exit_code_0(apart: Stage) -> None:
    await apart.bot.kill()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", env=apart.bot.environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await apart.bot.ready()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SOON):
        assert await process.wait() == 0


async def test_it_names_every_setting_that_is_missing_or_wrong(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "DATABASE_"))}
    code, _, errors = await run("serve", env=bare, folder=tmp_path)
    assert code != 0
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET"):
        assert name in errors
    wrong = bare | {
        "GITHUB_APP_ID": "seven", "GITHUB_PRIVATE_KEY": "not a key at all", "GITHUB_WEBHOOK_SECRET": "short",
        "PORT": "eighty", "DATABASE_URL": "oracle://x",
    }  # fmt: skip
    code, _, errors = await run("serve", env=wrong, folder=tmp_path)
    assert code != 0
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET", "PORT", "DATABASE_URL"):
        assert name in errors
    for secret in ("not a key at all", "short"):
        assert secret not in errors.replace("or more", "")
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("text", "code"), [(PLAN, 0), (plan_of({"W1": ["W2"], "W2": ["W1"]}), 1), ("Thanks for the great tool!\n", 2)]
)
async def test_lint_says_by_its_exit_code_whether_a_plan_can_start(tmp_path: Path, text: str, code: int) -> None:
    (tmp_path / "plan.md").write_text(text)
    found, output, _ = await run("lint", "plan.md", folder=tmp_path)
    assert found == code
    assert output
    found, output, _ = await run("lint", "plan.md", "--format", "json", folder=tmp_path)
    assert found == code
    report = json.loads(output)
    assert set(report) >= {"base_branch", "workstreams", "merge_order", "problems"}
    if code == 0:
        assert [each["key"] for each in report["workstreams"]] == ["W1", "W2", "W3"]
        assert set(report["workstreams"][0]) >= {
            "key", "title", "branch", "files", "depends_on", "acceptance", "validation", "line",
        }  # fmt: skip
    else:
        assert set(report["problems"][0]) >= {"line", "severity", "code", "message", "hint"}


async def test_lint_says_that_a_file_is_not_there(tmp_path: Path) -> None:
    code, _, errors = await run("lint", "nowhere.md", folder=tmp_path)
    assert code == 2
    assert "nowhere.md" in errors
    assert "Traceback" not in errors


async def test_the_procfile_starts_a_program_that_becomes_ready(tmp_path: Path) -> None:
    async with start_sandbox(port=0, data=tmp_path / "github") as sandbox, aiohttp.ClientSession() as session:
        bot = BotProcess(info=sandbox.info, folder=tmp_path, port=free_port())
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        honcho = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "honcho", "-d", str(ROOT), "-f", str(ROOT / "Procfile"), "start", "signalbox",
            env=environment(bot, PATH=path), cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SOON):
                while True:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with session.get(f"http://127.0.0.1:{bot.port}/readyz") as response:
                            if response.status == 200:
                                break
                    assert honcho.returncode is None
                    await asyncio.sleep(0.05)
        finally:
            if honcho.returncode is None:
                honcho.send_signal(signal.SIGTERM)
            await honcho.wait()
