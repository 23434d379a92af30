"""The story itself: who does what, in which order, and what is waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.agents import Ci, Clone
from demo.display import Display
from demo.people import Person

PLAN = Path(__file__).resolve().parent.parent / "examples" / "plan.md"
PATIENCE = 150.0  # seconds for the whole story
BRANCHES = {
    "W1": "feat/ledger",
    "W2": "feat/prices",
    "W3": "feat/reservations",
    "W4": "feat/orders",
    "W5": "feat/report",
}


@dataclass(slots=True)
class Story:
    """One run of the story. Afterwards `merged` has the pulls in the order in which they landed."""

    show: Display
    ada: Person
    mia: Person
    wim: Person
    robot: Person
    clone: Clone
    signalbox_app: int
    web_url: str
    issue: int = 0
    pulls: dict[str, int] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)  # seconds from the end of a push to the check on its head

    async def play(self) -> None:
        """Play it to the end; raises TimeoutError if something does not come about."""
        stop = asyncio.Event()
        await self._prepare()
        ci = asyncio.create_task(Ci(robot=self.robot, clone=self.clone).serve(stop))
        try:
            async with asyncio.timeout(PATIENCE):
                await self._plan()
                await self._work()
        finally:
            stop.set()
            await ci

    async def _prepare(self) -> None:
        self.show.title("A repository, its rule, and a plan")
        await self.clone.clone()
        tree = self.clone.folder
        await self.clone.push(tree, "start", "Start the inventory package")
        await self.ada.call(
            "PUT",
            "/branches/main/protection",
            {
                "required_status_checks": {
                    "strict": False,
                    "checks": [{"context": "signalbox", "app_id": self.signalbox_app}],
                },
                "enforce_admins": True,
                "required_pull_request_reviews": None,
                "restrictions": None,
            },
        )
        self.show.say("ada", "protects main: nothing lands without Signalbox's check")

    async def _plan(self) -> None:
        issue = await self.mia.call(
            "POST", "/issues", {"title": "Inventory plan", "body": PLAN.read_text(encoding="utf-8"), "labels": ["plan"]}
        )
        self.issue = issue["number"]
        self.show.say("mia", f"opens the plan: {issue['html_url']}")
        await self._until("the preview", lambda: self._comment_with("W5"))
        self.show.say("signalbox", "shows what it read: 5 workstreams, waves, a graph, and what start will do")
        await self.mia.comment(self.issue, "/signalbox start")
        self.show.say("mia", "/signalbox start")
        await self._until("five pulls", self._five_pulls)
        self.show.say("signalbox", "opened a branch and a draft pull for each, and tagged the checkpoint cp-0")

    async def _work(self) -> None:
        self.show.title("Five workers at once")
        await asyncio.gather(
            self._worker("W1"),
            self._worker("W2", first="W2-broken"),
            self._held_worker("W3"),
            self._worker("W4", after=("W2", "W3")),
            self._worker("W5", after=("W1",)),
            self._watch(),
        )
        await self._until("the plan's end", lambda: self._comment_with("complete"))
        self.show.say("signalbox", "the plan is complete")

    async def _worker(self, key: str, *, first: str | None = None, after: tuple[str, ...] = ()) -> None:
        """Push, hand in, wait for CI, get it approved; mend it first where CI says no."""
        for need in after:
            await self._until(f"{need} to land", lambda need=need: self._landed(need))  # type: ignore[misc]
        number = self.pulls[key]
        tree = await self.clone.worktree(BRANCHES[key])
        await self._push(tree, first or key, f"{key}: first version", with_base=bool(after))
        self.show.say("wim", f"pushes {key} and hands it in")
        await self.wim.tick_all(number)
        await self.wim.comment(number, "/signalbox ready")
        if first is not None:
            await self._until(f"{key} to fail", lambda: self._ci(key, "failure"))
            self.show.say("ci", f"{key} fails: a test found a mistake")
            await self._until(f"{key} to be shown as failed", lambda: self._has_label(key, "signalbox:failed"))
            await self._push(tree, key, f"{key}: mend the discount")
            self.show.say("wim", f"mends {key}")
        await self._until(f"{key} to be green", lambda: self._ci(key, "success"))
        await self.mia.approve(number)
        self.show.say("mia", f"approves {key}")
        await self._until(f"{key} to land", lambda: self._landed(key))

    async def _push(self, tree: Path, step: str, message: str, *, with_base: bool = False) -> None:
        """Push, and see how long it takes until the new head has its check."""
        await self.clone.push(tree, step, message, with_base=with_base)
        head = await self.clone.git("rev-parse", "HEAD", cwd=tree)
        began = time.monotonic()

        async def checked() -> bool:
            runs = await self.mia.call("GET", f"/commits/{head}/check-runs?check_name=signalbox")
            return bool(runs["check_runs"])

        await self._until("the check on a new head", checked, pause=0.02)
        self.delays.append(time.monotonic() - began)

    async def _held_worker(self, key: str) -> None:
        await self.mia.comment(self.pulls[key], "/signalbox hold the customer list is not settled")
        self.show.say("mia", f"/signalbox hold on {key}: the customer list is not settled")
        work = asyncio.create_task(self._worker(key))
        await self._until(f"{key} to be held", lambda: self._has_label(key, "signalbox:held"))
        await self._until("W2 to land", lambda: self._landed("W2"))
        await self.mia.comment(self.issue, f"/signalbox release {key}")
        self.show.say("mia", f"/signalbox release {key}")
        await work

    async def _watch(self) -> None:
        """Say what lands, when it lands."""
        while len(self.merged) < len(self.pulls):
            known = {pull["number"] for pull in self.merged}
            landed = [
                pull for pull in await self.mia.pulls("closed") if pull["merged_at"] and pull["number"] not in known
            ]
            for pull in sorted(landed, key=lambda each: str(each["merged_at"])):
                self.merged.append(pull)
                self.show.say("signalbox", f"merged {pull['title']} (#{pull['number']})")
            await asyncio.sleep(0.1)

    async def _five_pulls(self) -> bool:
        listed = await self.mia.pulls("open")
        heads = {pull["head"]["ref"]: pull["number"] for pull in listed}
        self.pulls = {key: heads[branch] for key, branch in BRANCHES.items() if branch in heads}
        return len(self.pulls) == len(BRANCHES)

    async def _landed(self, key: str) -> bool:
        pull = await self.mia.call("GET", f"/pulls/{self.pulls[key]}")
        return bool(pull["merged"])

    async def _ci(self, key: str, conclusion: str) -> bool:
        pull = await self.mia.call("GET", f"/pulls/{self.pulls[key]}")
        runs = await self.mia.call("GET", f"/commits/{pull['head']['sha']}/check-runs?check_name=unit%20tests")
        return any(run["conclusion"] == conclusion for run in runs["check_runs"])

    async def _has_label(self, key: str, label: str) -> bool:
        labels = await self.mia.call("GET", f"/issues/{self.pulls[key]}/labels")
        return any(each["name"] == label for each in labels)

    async def _comment_with(self, text: str) -> bool:
        comments = await self.mia.call("GET", f"/issues/{self.issue}/comments?per_page=100")
        return any(text in comment["body"] for comment in comments)

    async def _until(self, what: str, condition: Callable[[], Awaitable[bool]], pause: float = 0.1) -> None:
        """Wait until a condition holds, asking as a person would reload a page."""
        try:
            async with asyncio.timeout(PATIENCE / 2):
                while not await condition():  # noqa: ASYNC110 - what is waited for is on the other side of an API
                    await asyncio.sleep(pause)
        except TimeoutError as error:
            raise TimeoutError(f"waited in vain for {what}") from error
