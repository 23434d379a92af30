"""A CI for base branches: the sandbox's App `ci` hears of each push to one and reports a check on the new tip.

It reports before it answers the webhook: as long as it has not, a delivery is pending.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from aiohttp import web

from tests.scenarios.trees import Trees

Verdict = Callable[[str], Awaitable[str | None]]  # of a commit: a conclusion, or None to report nothing


async def green(sha: str) -> str | None:
    """Find every commit good."""
    assert sha
    return "success"


@dataclass(slots=True, kw_only=True)
class WithBaseCi(Trees):
    """Branches whose tips are tested."""

    verified: set[str] = field(default_factory=lambda: {"main"})  # the branches, or patterns of their names
    base_ci: Verdict = green

    async def report(self, sha: str, conclusion: str | None, name: str = "tests") -> None:
        """Report a check on a commit; conclusion None = still running."""
        body: dict[str, Any] = {"name": name, "head_sha": sha, "status": "in_progress"}
        if conclusion is not None:
            body |= {"status": "completed", "conclusion": conclusion}
        await self.do("ci", "POST", "/check-runs", body)


@contextlib.asynccontextmanager
async def base_ci_of(play: WithBaseCi) -> AsyncIterator[None]:
    """Let CI test the bases of a play until the block ends."""
    heard: set[str] = set()  # a delivery may come twice

    async def hear(request: web.Request) -> web.Response:
        delivery, event = request.headers["X-GitHub-Delivery"], request.headers["X-GitHub-Event"]
        if event == "push" and delivery not in heard:
            heard.add(delivery)
            await _test(play, await request.json())
        return web.Response(status=202)

    app = web.Application(client_max_size=25 * 1024 * 1024)
    app.router.add_post("/", hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        play.world.app("ci").hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield
    finally:
        play.world.app("ci").hook_url = None
        await runner.cleanup()


async def _test(play: WithBaseCi, push: Any) -> None:
    branch = push["ref"].removeprefix("refs/heads/")
    is_base = any(fnmatch(branch, pattern) for pattern in play.verified)
    if push["repository"]["full_name"] != "octo/demo" or not is_base or push["deleted"]:
        return
    conclusion = await play.base_ci(push["after"])
    if conclusion is not None:
        await play.report(push["after"], conclusion)
