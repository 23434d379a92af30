"""The story itself: who does what, in which order, and what is waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.agents import Ci, Clone
from demo.display import Display
from demo.history import tree_of
from demo.looks import TESTS, Looks, until
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """A merge that broke main, and how it was taken back."""

    key: str
    head: str  # what was merged, green by itself
    merge: str  # the commit on main, red
    words: str  # what the tests said there
    pull: int  # that took it back
    to: str  # the checkpoint
    seconds: float  # from CI's red verdict to the open pull
    equal: bool  # afterwards main's tree was the checkpoint's, by git


@dataclass(slots=True, kw_only=True)
class Story:
    """One run of the story. What it leaves behind is there for the summary."""

    show: Display
    ada: Person
    mia: Person
    wim: Person
    clone: Clone
    signalbox_app: int
    looks: Looks
    ci: Ci
    lose_database: Callable[[], Awaitable[None]] | None = None  # in the middle of the plan
    start: str = ""  # what main was when the plan began
    issue: int = 0
    pulls: dict[str, int] = field(default_factory=dict)  # by workstream, the newest
    keys: dict[int, str] = field(default_factory=dict)  # the workstream of every pull
    done: set[str] = field(default_factory=set)  # workstreams that landed and were found good
    back: WayBack | None = None
    watches: list[asyncio.Task[None]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)  # seconds from the end of a push to the check on its head

    async def play(self) -> None:
        """Play it to the end; raises TimeoutError if something does not come about."""
        stop = asyncio.Event()
        await self._prepare()
        ci = asyncio.create_task(self.ci.serve(stop))
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
        await self.clone.push(self.clone.folder, "start", "Start the inventory package")
        self.start = await self.clone.git("rev-parse", "HEAD")
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
        await until("the preview", lambda: self.looks.said(self.issue, "W5"))
        self.show.say("signalbox", "shows what it read: 5 workstreams, waves, a graph, and what start will do")
        await self.mia.comment(self.issue, "/signalbox start")
        self.show.say("mia", "/signalbox start")
        await until("five pulls", self._five_pulls)
        self.show.say("signalbox", "opened a branch and a draft pull for each, and tagged the checkpoint cp-0")

    async def _five_pulls(self) -> bool:
        heads = {pull["head"]["ref"]: int(pull["number"]) for pull in await self.mia.pulls("open")}
        self.pulls = {key: heads[branch] for key, branch in BRANCHES.items() if branch in heads}
        self.keys = {number: key for key, number in self.pulls.items()}
        return len(self.pulls) == len(BRANCHES)

    async def _work(self) -> None:
        self.show.title("Five workers at once")
        await asyncio.gather(
            self._worker("W1"),
            self._mending_worker("W2"),
            self._unlucky_worker("W3"),
            self._worker("W4", after=("W2", "W3")),
            self._worker("W5"),
            self._watch(),
            self._loss(after="W1"),
        )
        await until("the plan's end", lambda: self.looks.said(self.issue, "This plan is complete"))
        await asyncio.gather(*self.watches)
        self.show.say("signalbox", "the plan is complete")

    async def _loss(self, *, after: str) -> None:
        """Have Signalbox die with its database, if that is to be shown; what the others do goes on meanwhile."""
        if self.lose_database is None:
            return
        await self._until_done(after)
        await self.lose_database()
        self.show.say("ada", "killed Signalbox, deleted its database, and started it anew with nothing")

    async def _worker(self, key: str, *, after: tuple[str, ...] = ()) -> None:
        """Push, hand in, wait for CI, get it approved."""
        tree = await self.clone.worktree(BRANCHES[key])
        for need in after:
            await self._until_done(need)
        await self._push(tree, key, f"{key}: first version", with_base=bool(after))
        self.show.say("wim", f"pushes {key} and hands it in")
        await self._hand_in(key)
        await self._approved(key)

    async def _mending_worker(self, key: str) -> None:
        """Push what its own tests refuse, and mend it."""
        tree = await self.clone.worktree(BRANCHES[key])
        await self._push(tree, f"{key}-broken", f"{key}: first version")
        self.show.say("wim", f"pushes {key}, which counts money in cents from now on, and hands it in")
        await self._hand_in(key)
        await until(f"{key} to fail", lambda: self.looks.tested(self.pulls[key], "failure"))
        self.show.say("ci", f"{key} fails: a test found a mistake")
        await until(f"{key} to be shown as failed", lambda: self.looks.stage(self.pulls[key], "failed"))
        await self._push(tree, key, f"{key}: mend the discount")
        self.show.say("wim", f"mends {key}")
        await self._approved(key)

    async def _unlucky_worker(self, key: str) -> None:
        """Push what is good on the base as it was, be held until that has changed, break it, and bring it anew."""
        await self.mia.comment(self.pulls[key], "/signalbox hold the deposit is not settled")
        self.show.say("mia", f"/signalbox hold on {key}: the deposit is not settled")
        tree = await self.clone.worktree(BRANCHES[key])
        await self._push(tree, f"{key}-in-euros", f"{key}: first version")
        self.show.say("wim", f"pushes {key}, written for a main that counts in euros, and hands it in")
        await self._hand_in(key)
        await until(f"{key} to be held", lambda: self.looks.stage(self.pulls[key], "held"))
        await asyncio.gather(self._approved(key), self._release(key, after="W2"))
        await self._take_back(key)
        await self._bring_anew(key)

    async def _release(self, key: str, *, after: str) -> None:
        await self._until_done(after)
        await self.mia.comment(self.issue, f"/signalbox release {key}")
        self.show.say("mia", f"/signalbox release {key}")

    async def _hand_in(self, key: str) -> None:
        await self.wim.tick_all(self.pulls[key])
        await self.wim.comment(self.pulls[key], "/signalbox ready")

    async def _approved(self, key: str) -> None:
        """Wait until the tests pass, approve it, and wait until it lands."""
        number = self.pulls[key]
        await until(f"{key} to be green", lambda: self.looks.tested(number, "success"))
        await self.mia.approve(number)
        self.show.say("mia", f"approves {key}")
        await until(f"{key} to land", lambda: self.looks.landed(number))

    async def _push(self, tree: Path, step: str, message: str, *, with_base: bool = False) -> None:
        """Push, and have seen how long it takes until the new head has its check."""
        head = await self.clone.push(tree, step, message, with_base=with_base)
        self.watches.append(asyncio.create_task(self._measure(head, time.monotonic())))

    async def _measure(self, head: str, pushed: float) -> None:
        await until("the check on a new head", lambda: self.looks.checked(head, "signalbox"), pause=0.02)
        self.delays.append(time.monotonic() - pushed)

    async def _take_back(self, key: str) -> None:
        """See main break with a merge, and the rollback that Signalbox opens merged by a maintainer."""
        broken = (await self.looks.pulls())[self.pulls[key]]
        merge = str(broken["merge_commit_sha"])

        async def tested() -> bool:
            return merge in self.ci.verdicts

        await until(f"main to be tested with {key}", tested, pause=0.01)
        verdict = self.ci.verdicts[merge]
        if verdict.green:
            raise RuntimeError(f"main should have broken with {key}")
        self.show.title("A merge breaks main, though its own tests are green")
        self.show.say("ci", f"main fails with {key}: {verdict.words}")
        back = await self._rollback_pull()
        seconds = time.monotonic() - verdict.at
        self.show.say("signalbox", f"opened #{back['number']}: {back['title']}")
        number, head = int(back["number"]), str(back["head"]["sha"])
        await until("the rollback to be green", lambda: self.looks.checked(head, TESTS, "success"))
        await until("the rollback to be open to a merge", lambda: self.looks.checked(head, "signalbox", "success"))
        await self.mia.call("PUT", f"/pulls/{number}/merge", {"merge_method": "merge", "sha": head})
        self.show.say("mia", f"merges #{number}")
        await self.clone.git("fetch", "--quiet", "--tags", "origin")
        to = str(back["title"]).rsplit(" ", 1)[-1]
        trees = [await tree_of(self.clone, name) for name in ("origin/main", f"signalbox/{self.issue}/{to}")]
        equal = trees[0] == trees[1]
        self.show.say("git", f"main's tree {'equals' if equal else 'DIFFERS FROM'} that of {to}: {trees[0][:10]}")
        self.back = WayBack(
            key=key, head=str(broken["head"]["sha"]), merge=merge, words=verdict.words, pull=number, to=to,
            seconds=seconds, equal=equal,
        )  # fmt: skip

    async def _rollback_pull(self) -> Any:
        branch = f"signalbox/{self.issue}/rollback-1"
        found: list[Any] = []

        async def opened() -> bool:
            found.append(await self.looks.pull_from(branch))
            return found[-1] is not None

        await until("a rollback", opened, pause=0.02)
        return found[-1]

    async def _bring_anew(self, key: str) -> None:
        """Ask for another attempt, mend the change on its new branch, and land it."""
        await until(f"{key} to be rolled back", lambda: self.looks.stage(self.pulls[key], "rolled-back"))
        self.show.title("The same change anew, mended")
        await self.wim.comment(self.issue, f"/signalbox retry {key}")
        self.show.say("wim", f"/signalbox retry {key}")
        branch = f"{BRANCHES[key]}-try-2"

        async def opened() -> bool:
            pull = await self.looks.pull_from(branch)
            if pull is not None:
                self.pulls[key] = int(pull["number"])
                self.keys[self.pulls[key]] = key
            return pull is not None

        await until(f"{key} to be brought anew", opened)
        self.show.say("signalbox", f"opened #{self.pulls[key]} with the change on today's main: {branch}")
        tree = await self.clone.worktree(branch)
        await self._push(tree, key, f"{key}: count the deposit in cents")
        self.show.say("wim", f"mends {key}: the deposit in cents, and hands it in")
        await self._hand_in(key)
        await self._approved(key)

    async def _watch(self) -> None:
        """Say what lands and what is found good, when it happens, until all is."""
        merged: set[int] = set()
        while len(self.done) < len(BRANCHES):
            for number, pull in (await self.looks.pulls()).items():
                if number in self.keys and pull["merged_at"] is not None and number not in merged:
                    merged.add(number)
                    self.show.say("signalbox", f"merged {pull['title']} (#{number})")
                if number in merged and self.keys[number] not in self.done and await self.looks.stage(number, "done"):
                    self.show.say("signalbox", f"found main green with {await self._kept(pull)}")
                    self.done.add(self.keys[number])
            await asyncio.sleep(0.1)

    async def _until_done(self, key: str) -> None:
        async def done() -> bool:
            return key in self.done

        await until(f"{key} to be done", done, pause=0.02)

    async def _kept(self, pull: Any) -> str:
        """Return a workstream and the checkpoint after it."""
        tags = await self.looks.checkpoints(self.issue)
        names = [name for name, sha in tags.items() if sha == pull["merge_commit_sha"]]
        return ", checkpoint ".join([self.keys[pull["number"]], *names])
