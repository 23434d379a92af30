"""A running stand-in GitHub as the tests here talk to it: by HTTP alone, as any client would."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web

from sandbox.server import start

Json = Any


@dataclass
class Received:
    """One webhook as it came in."""

    event: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def payload(self) -> Json:
        return json.loads(self.raw)


@dataclass
class StandIn:
    """The sandbox's address and secrets, a session, and the webhooks that came."""

    info: dict[str, Any]
    http: aiohttp.ClientSession
    received: list[Received] = field(default_factory=list)
    app_token: str = ""

    def token(self, who: str) -> str | None:
        """Return the secret of a person, of the App (`app`), of another App (`ci`, `actions`), or None for nobody."""
        if who == "nobody":
            return None
        if who == "app":
            return self.app_token
        return str(self.info[f"{who}_token"] if who in {"ci", "actions"} else self.info["users"][who]["token"])

    def app_jwt(self) -> str:
        key = Path(self.info["private_key_file"]).read_text()
        now = int(time.time())
        return jwt.encode({"iat": now - 60, "exp": now + 300, "iss": str(self.info["app_id"])}, key, "RS256")

    async def call(
        self, method: str, path: str, body: Json = None, *, who: str = "ada", bearer: str | None = None
    ) -> tuple[int, Json, Mapping[str, str]]:
        """Call REST; return status, JSON (None without a body) and headers."""
        token = bearer or self.token(who)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = path if path.startswith("http") else self.info["api_url"] + path
        async with self.http.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response.headers

    async def rest(self, method: str, path: str, body: Json = None, *, who: str = "ada") -> Json:
        """Call REST below the demo repository (or an absolute path of the API) and expect success."""
        full = path if path.startswith("//") else f"/repos/{self.info['repository']}{path}"
        status, answer, _ = await self.call(method, full.replace("//", "/", 1), body, who=who)
        assert status < 300, (status, answer)
        return answer

    async def graphql_answer(
        self, query: str, who: str = "ada", **variables: Json
    ) -> tuple[int, Json, Mapping[str, str]]:
        token = self.token(who)
        headers = {"Authorization": f"bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        async with self.http.post(self.info["graphql_url"], json=body, headers=headers) as response:
            return response.status, await response.json(), response.headers

    async def graphql(self, query: str, who: str = "ada", **variables: Json) -> Json:
        """Run a query that must succeed; return its `data`."""
        status, answer, _ = await self.graphql_answer(query, who, **variables)
        assert status == 200, answer
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def page(self, path: str) -> tuple[int, str]:
        url = path if path.startswith("http") else self.info["web_url"] + path
        async with self.http.get(url) as response:
            return response.status, await response.text()

    # ---- the usual first steps ----

    async def head(self, branch: str = "main") -> str:
        return str((await self.rest("GET", f"/git/ref/heads/{branch}"))["object"]["sha"])

    async def branch_with(self, branch: str, path: str, text: str, *, base: str = "main") -> str:
        """Create a branch with one commit that writes a file; return its tip."""
        await self.rest("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": await self.head(base)})
        return await self.write(branch, path, text)

    async def write(self, branch: str, path: str, text: str, **more: Json) -> str:
        content = base64.b64encode(text.encode()).decode()
        body = {"message": f"Write {path}", "content": content, "branch": branch} | more
        return str((await self.rest("PUT", f"/contents/{path}", body))["commit"]["sha"])

    async def pull(self, branch: str, *, title: str = "", **more: Json) -> Json:
        """Create a branch with one file and a pull request from it."""
        await self.branch_with(branch, f"{branch}.txt", f"{branch}\n")
        body = {"title": title or f"Add {branch}", "head": branch, "base": "main"} | more
        return await self.rest("POST", "/pulls", body)

    async def quiet(self) -> None:
        """Wait until every webhook is out."""
        while True:
            async with self.http.get(self.info["api_url"] + "/_sandbox/deliveries") as response:
                if (await response.json())["pending"] == 0:
                    return

    def signed(self, received: Received) -> bool:
        secret = self.info["webhook_secret"].encode()
        expected = "sha256=" + hmac.new(secret, received.raw, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, received.headers["X-Hub-Signature-256"])


@asynccontextmanager
async def stand_in(data: Path) -> AsyncIterator[StandIn]:
    """Start a sandbox with an empty receiver of webhooks; stop both at the end."""
    received: list[Received] = []

    async def take(request: web.Request) -> web.Response:
        event = request.headers["X-GitHub-Event"]
        received.append(Received(event, request.headers, await request.read()))
        return web.Response(status=202)

    receiver = web.Application(client_max_size=30 * 1024 * 1024)
    receiver.router.add_post("/webhook", take)
    runner = web.AppRunner(receiver, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with (
            start(port=0, data=data, webhook_url=f"http://127.0.0.1:{port}/webhook") as sandbox,
            aiohttp.ClientSession() as http,
        ):
            one = StandIn(sandbox.info, http, received)
            path = f"/app/installations/{one.info['installation_id']}/access_tokens"
            status, answer, _ = await one.call("POST", path, {}, bearer=one.app_jwt())
            assert status == 201, answer
            one.app_token = answer["token"]
            yield one
    finally:
        await runner.cleanup()
