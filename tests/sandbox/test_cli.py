"""`python -m sandbox serve` as a person or a script starts it, and a restart on the same data folder."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from sandbox.__main__ import main
from sandbox.server import start
from sandbox.world import World

ROOT = Path(__file__).parents[2]


async def test_serve_prints_one_json_line_and_stops_when_told(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sandbox", "serve", "--port", "0", "--data", str(tmp_path / "data")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    info = json.loads(await process.stdout.readline())
    assert set(info) >= {
        *("api_url", "graphql_url", "git_url", "web_url", "app_id", "private_key_file", "webhook_secret"),
        *("installation_id", "repository", "users", "ci_token"),
    }
    assert {login: user["role"] for login, user in info["users"].items()} == {
        "ada": "admin",
        "mia": "maintain",
        "wim": "write",
        "rita": "read",
        "otto": "none",
    }
    key = Path(info["private_key_file"]).read_bytes()
    assert key.startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    assert info["api_url"].startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as http, http.get(f"{info['api_url']}/repos/{info['repository']}") as answer:
        assert (await answer.json())["default_branch"] == "main"
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    assert await process.stdout.read() == b""


async def test_a_restart_continues_where_it_stopped(tmp_path: Path) -> None:
    async with start(port=0, data=tmp_path) as first, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"token {first.info['users']['ada']['token']}"}
        url = f"{first.info['api_url']}/repos/octo/demo/issues"
        async with http.post(url, json={"title": "kept"}, headers=headers) as answer:
            assert answer.status == 201
    async with start(port=0, data=tmp_path) as second, aiohttp.ClientSession() as http:
        same = ("app_id", "installation_id", "users", "ci_token", "webhook_secret", "private_key_file")
        assert {key: first.info[key] for key in same} == {key: second.info[key] for key in same}
        url = f"{second.info['api_url']}/repos/octo/demo/issues"
        async with http.get(url, headers=headers) as answer:
            assert [issue["title"] for issue in await answer.json()] == ["kept"]


async def test_more_repositories_have_the_app_installed(tmp_path: Path) -> None:
    async with start(port=0, data=tmp_path) as sandbox, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"token {sandbox.info['users']['ada']['token']}"}
        url = sandbox.info["api_url"]
        body = {"name": "second", "auto_init": True, "private": True}
        async with http.post(f"{url}/user/repos", json=body, headers=headers) as answer:
            assert answer.status == 201
            made = await answer.json()
        assert made["full_name"] == "octo/second"
        headers = {"Authorization": f"token {sandbox.info['ci_token']}"}
        async with http.get(f"{url}/repos/octo/second", headers=headers) as answer:
            assert answer.status == 200
        async with http.post(f"{url}/user/repos", json=body, headers=headers) as answer:
            assert answer.status == 403


def test_a_wrong_command_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve"])
    assert "--data" in capsys.readouterr().err


async def test_a_kill_loses_only_the_last_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.server.SAVE_EVERY_SECONDS", 0.01)
    async with start(port=0, data=tmp_path) as sandbox, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"token {sandbox.info['users']['ada']['token']}"}
        url = f"{sandbox.info['api_url']}/repos/octo/demo/issues"
        async with http.post(url, json={"title": "kept"}, headers=headers) as answer:
            assert answer.status == 201
        while sandbox.world.unsaved:
            await asyncio.sleep(0.01)
        other = World(tmp_path)
        assert other.load()
        assert [issue.title for issue in other.state.issues.values()] == ["kept"]
