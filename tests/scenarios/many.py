"""Many plans at once on one stand-in: people and CI who do their part of each, and a referee who looks at all of it.

They act through the API as people do. The referee reads the stand-in's own state, since asking for it would take the time
of those who work.
"""

import asyncio
import base64
import contextlib
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from aiohttp import web
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot import settings
from bot.worker import resync
from sandbox.model import Delivery, Pull
from tests.scenarios.once import doubled
from tests.scenarios.play import Play, plan_of
from tests.scenarios.points import Points

Record = TypeVar("Record", Pull, Delivery)

KEYS = ("W1", "W2")
CONFIG = "forecast: false\nfailure_comments: false\n"
AT_ONCE = 8  # people who are busy at the same time
LOOK_SECONDS = 0.3  # how often the referee looks; longer with many plans, of which he looks at each
LOOKED_AT_A_SECOND = 500  # plans
EVER = 10**9

#: 5 % of what Signalbox asks goes wrong, in as many ways: done or not, with an answer or without one, or late.
FAULTY_API = [
    {"match": "*", "login": "signalbox[bot]", "times": EVER, "chance": 0.01, **what}
    for what in (
        {"status": 502}, {"status": 502, "after": True}, {"status": 0}, {"status": 0, "after": True}, {"delay_ms": 500},
    )
]  # fmt: skip
FAULTY_WEBHOOKS = {"app": "signalbox", "drop": 0.05, "duplicate": 0.05, "reorder": True, "delay_ms": [0, 50]}

#: All the plans are one installation's, which on GitHub may ask for 5,000 points an hour; here they are done in minutes.
LIMITS = {resource: {"limit": EVER, "remaining": EVER} for resource in ("core", "graphql")}


def hasten(points: Points, at_once: int) -> None:
    """Prepare a process for more than its usual load, as LIMITS does: so many lost webhooks come in minutes, not in days."""
    points.follow()
    resync.MOST_AT_ONCE = at_once
    # that the key's numbers are primes was found out by the process before: it takes a third of a start
    vars(settings)["load_pem_private_key"] = partial(load_pem_private_key, unsafe_skip_rsa_key_validation=True)


@dataclass(slots=True)
class Plan:
    """One plan: two workstreams, the second of which needs the first."""

    repository: str
    number: int  # of all plans
    issue: int = 0
    pulls: dict[str, "asyncio.Future[Pull]"] = field(default_factory=lambda: defaultdict(asyncio.Future))  # by key
    end: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def complete(self) -> bool:
        """Whether it was seen to be complete."""
        return self.end.is_set()

    def branch(self, key: str) -> str:
        """Where a workstream is worked on."""
        return f"plan-{self.number}/{key.lower()}"

    @property
    def body(self) -> str:
        """The plan's text."""
        text = plan_of({"W1": [], "W2": ["W1"]})
        for key in KEYS:
            text = text.replace(f"part/{key.lower()}", self.branch(key))
            text = text.replace(f"`{key.lower()}.txt`", f"`{self.number}/{key.lower()}.txt`")
        return text


@dataclass(slots=True)
class Crowd:
    """All who take part."""

    play: Play
    plans: list[Plan]
    busy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    sent: set[str] = field(default_factory=set)  # the GUIDs of all webhooks to Signalbox
    _newest: int = 0  # of the webhooks seen
    _newest_pull: int = 0

    async def do(self, plan: Plan, who: str, method: str, path: str, body: Any = None) -> Any:
        """Call the API of a plan's repository."""
        return await self.play.do(who, method, f"//repos/octo/{plan.repository}{path}", body)

    # ---- what people do ----

    async def found(self) -> None:
        """Make the repositories."""
        for repository in dict.fromkeys(plan.repository for plan in self.plans):
            await self.play.do("ada", "POST", "//user/repos", {"name": repository, "auto_init": True})
            plan = Plan(repository, 0)
            for who, permission in (("mia", "maintain"), ("wim", "push")):
                await self.do(plan, "ada", "PUT", f"/collaborators/{who}", {"permission": permission})
            config = {
                "message": "Configure Signalbox", "branch": "main",
                "content": base64.b64encode(CONFIG.encode()).decode(),
            }  # fmt: skip
            await self.do(plan, "ada", "PUT", "/contents/.github/signalbox.yml", config)
            checks = [{"context": "signalbox", "app_id": self.play.info["app_id"]}]
            await self.do(plan, "ada", "PUT", "/branches/main/protection", {
                "required_status_checks": {"strict": False, "checks": checks}, "enforce_admins": True,
                "required_pull_request_reviews": None, "restrictions": None,
            })  # fmt: skip

    async def begin(self, plan: Plan) -> None:
        """Write the plan and start it."""
        async with self.busy:
            written = {"title": f"Plan {plan.number}", "body": plan.body, "labels": ["plan"]}
            plan.issue = (await self.do(plan, "mia", "POST", "/issues", written))["number"]
            await self.do(plan, "ada", "POST", f"/issues/{plan.issue}/comments", {"body": "/signalbox start"})

    async def carry_out(self, plan: Plan) -> None:
        """Do everything that people do for a plan, the last workstream first, and follow it to its end."""
        for key in reversed(KEYS):
            pull = await plan.pulls[key]
            async with self.busy:
                await self._hand_in(plan, key, pull)
        await plan.end.wait()

    async def _hand_in(self, plan: Plan, key: str, pull: Pull) -> None:
        content = base64.b64encode(f"{key}\n".encode()).decode()
        path = f"/contents/{plan.number}/{key.lower()}.txt"
        work = {"message": f"{key}: work", "branch": plan.branch(key), "content": content}
        await self.do(plan, "wim", "PUT", path, work)
        await self.do(
            plan, "wim", "PATCH", f"/pulls/{pull.number}", {"body": (pull.body or "").replace("- [ ]", "- [x]")}
        )
        await self.do(plan, "wim", "POST", f"/issues/{pull.number}/comments", {"body": "/signalbox ready"})
        await self.do(plan, "mia", "POST", f"/pulls/{pull.number}/reviews", {"event": "APPROVE"})

    # ---- what they see ----

    def pulls(self, plan: Plan, key: str) -> list[Pull]:
        """Return the pulls of a workstream."""
        repo = self.play.world.repository("octo", plan.repository)
        return [each for each in self.play.world.pulls_of(repo) if each.head_ref == plan.branch(key)]

    async def watch(self) -> None:
        """Look, for as long as somebody waits for what is seen."""
        while True:
            self.look()
            await asyncio.sleep(max(LOOK_SECONDS, len(self.plans) / LOOKED_AT_A_SECOND))

    def look(self) -> None:
        """Take in what is new: pulls, plans that are complete, webhooks that were sent."""
        world = self.play.world
        branches = {(plan.repository, plan.branch(key)): (plan, key) for plan in self.plans for key in KEYS}
        for pull in _newer(world.state.pulls, self._newest_pull):
            plan, key = branches[world.repository_of(pull).name, pull.head_ref]
            if not plan.pulls[key].done():  # a second one is found by `wrong`
                plan.pulls[key].set_result(pull)
        self._newest_pull = max(world.state.pulls, default=0)
        for plan in self.plans:
            if plan.issue and not plan.complete and self._is_complete(plan):
                plan.end.set()
        ours = world.app("signalbox").id
        self.sent |= {each.guid for each in _newer(world.state.deliveries, self._newest) if each.app_id == ours}
        self._newest = max(world.state.deliveries, default=0)

    def _is_complete(self, plan: Plan) -> bool:
        world = self.play.world
        thread = world.issue(world.repository("octo", plan.repository), plan.issue)
        return any("**This plan is complete.**" in comment.body for comment in world.comments_of(thread))

    def wrong(self) -> list[str]:
        """Return what must never be: something twice, or out of order."""
        world = self.play.world
        found = []
        for plan in self.plans:
            repo = world.repository("octo", plan.repository)
            pulls = {key: self.pulls(plan, key) for key in KEYS}
            found += [f"{plan}: {len(each)} pulls of {key}" for key, each in pulls.items() if len(each) != 1]
            numbers = [pulls[key][0].number for key in KEYS if pulls[key]]
            landed = [number for number in repo.merged_pulls if number in numbers]
            if landed != numbers:
                found.append(f"{plan}: {landed} landed, not {numbers}")
        return found + doubled(world)


def _newer(table: dict[int, Record], number: int) -> Iterator[Record]:
    """Return the records of a table with a larger id; the newest come first."""
    return itertools.takewhile(lambda each: each.id > number, reversed(table.values()))


@contextlib.asynccontextmanager
async def green_ci(play: Play) -> AsyncIterator[None]:
    """Have CI find every commit good that is pushed anywhere."""
    heard: set[str] = set()

    async def hear(request: web.Request) -> web.Response:
        push = await request.json()
        is_new = request.headers["X-GitHub-Event"] == "push" and push["after"] not in heard
        if is_new and not push["deleted"] and push["ref"].startswith("refs/heads/"):
            heard.add(push["after"])
            run = {"name": "tests", "head_sha": push["after"], "status": "completed", "conclusion": "success"}
            await play.do("ci", "POST", f"//repos/{push['repository']['full_name']}/check-runs", run)
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
