"""A stage for stories: the sandbox and Signalbox in this process, people and CI who act by REST and git.

Nothing of `bot` is called but its wiring: what the stories see, they see on the sandbox.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import Running, running
from bot.settings import Settings
from sandbox.server import start as start_sandbox
from tests import databases
from tests.rest import at_rest
from tests.scenarios.base_ci import WithBaseCi, base_ci_of

READY = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }"
PATIENCE = 20.0  # seconds that a story waits for one thing

PLAN = """# Shop plan

Base: `main`

## Workstreams

### W1: Ledger
- Branch: `feat/ledger`
- Files: `shop/ledger.py`
- Depends on: none
- Acceptance:
  - [ ] Counts what came in

### W2: Prices
- Branch: `feat/prices`
- Files: `shop/prices.py`
- Depends on: W1
- Acceptance:
  - [ ] Knows a price

### W3: Orders
- Branch: `feat/orders`
- Files: `shop/orders.py`
- Depends on: W1, W2
- Acceptance:
  - [ ] Takes an order
"""


def plan_of(needs: Mapping[str, Sequence[str]], *, base: str = "main", acceptance: bool = True, after: str = "") -> str:
    """Write a plan: each key with what it needs; branches `part/<key>`, files `<key>.txt`."""
    sections = [
        f"### {key}: Part {key}\n- Branch: `part/{key.lower()}`\n- Files: `{key.lower()}.txt`\n"
        f"- Depends on: {', '.join(needed) or 'none'}\n"
        + (f"- Acceptance:\n  - [ ] Part {key} is there\n" if acceptance else "")
        for key, needed in needs.items()
    ]
    return f"# Drawn plan\n\nBase: `{base}`\n\n## Workstreams\n\n" + "\n".join(sections) + after


@dataclass(slots=True, kw_only=True)
class Play(WithBaseCi):
    """One story's stage."""

    bot: Running | None
    folder: Path
    issue: int = 0
    pulls: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def serial(self) -> int:
        """Return the next number of this story."""
        self.count += 1
        return self.count

    # ---- what people do ----

    async def protect_main(self, branch: str = "main") -> None:
        """Have the base require Signalbox's check, by Signalbox's App."""
        checks = [{"context": "signalbox", "app_id": self.info["app_id"]}]
        await self.do("ada", "PUT", f"/branches/{branch}/protection", {
            "required_status_checks": {"strict": False, "checks": checks}, "enforce_admins": True,
            "required_pull_request_reviews": None, "restrictions": None,
        })  # fmt: skip

    async def plan(self, body: str = PLAN, *, who: str = "mia", title: str = "Shop plan") -> int:
        """Open a plan issue."""
        opened = await self.do(who, "POST", "/issues", {"title": title, "body": body, "labels": ["plan"]})
        self.issue = opened["number"]
        return self.issue

    async def say(self, who: str, text: str, number: int | None = None) -> int:
        """Write a comment, on the plan's issue if no number is given; return its id."""
        written = await self.do(who, "POST", f"/issues/{number or self.issue}/comments", {"body": text})
        return int(written["id"])

    async def start(self, body: str = PLAN, *, protect: bool = True) -> None:
        """Open a plan, start it, and wait until every workstream has its pull and its check."""
        if protect:
            await self.protect_main()
        await self.plan(body)
        await self.until(self.status_comment)
        await self.say("ada", "/signalbox start")
        await self.settled()
        self.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in await self.all_pulls()}

    async def ci(self, key: str, conclusion: str | None = "success", name: str = "tests") -> None:
        """Report a check on a workstream's head; conclusion None = still running."""
        await self.report((await self.pull(key))["head"]["sha"], conclusion, name)

    async def tick(self, key: str) -> None:
        """Tick the acceptance list in a pull's body."""
        body = (await self.pull(key))["body"]
        await self.do("wim", "PATCH", f"/pulls/{self.pulls[key]}", {"body": body.replace("- [ ]", "- [x]")})

    async def approve(self, key: str, who: str = "mia") -> None:
        """Approve a workstream's pull."""
        await self.do(who, "POST", f"/pulls/{self.pulls[key]}/reviews", {"event": "APPROVE"})

    async def hand_in(self, key: str, *, path: str | None = None) -> None:
        """Do everything that a workstream can do itself: work, green CI, ticks, ready, approval."""
        pull = await self.pull(key)
        await self.push(pull["head"]["ref"], path or f"work/{key.lower()}.txt", f"{key}\n")
        await self.ci(key)
        await self.tick(key)
        await self.say("wim", "/signalbox ready", self.pulls[key])
        await self.approve(key)

    async def land(self, key: str) -> str:
        """Hand a workstream in and wait until it is merged; return the commit that the base moved to."""
        await self.hand_in(key)
        return await self.until_merged(key)

    async def until_merged(self, key: str) -> str:
        """Wait until a workstream is merged; return the commit that the base moved to."""

        async def merged() -> Any:
            pull = await self.pull(key)
            return pull["merged"] and pull["merge_commit_sha"]

        merged.__name__ = f"{key} to be merged"
        return str(await self.until(merged))

    async def merge_by_hand(self, key: str, who: str = "ada", method: str = "merge") -> str:
        """Merge a workstream past Signalbox, draft or not, over the protection that the base may have."""
        pull = await self.pull(key)
        if pull["draft"]:
            await self.graphql(who, READY, {"id": pull["node_id"]})
        async with self.unprotected(pull["base"]["ref"]):
            answer = await self.do(who, "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": method})
        return str(answer["sha"])

    async def configure(self, text: str) -> None:
        """Put `.github/signalbox.yml` onto main, over the branch rules that it may have."""
        async with self.unprotected():
            await self.push("main", ".github/signalbox.yml", text, "Configure Signalbox")

    async def tell(self, who: str, text: str, number: int | None = None) -> tuple[set[str], list[str]]:
        """Say something and wait for the answer: Signalbox's reactions to it, and the replies that came."""
        before = len(await self.replies(number))
        comment = await self.say(who, text, number)
        await self.settled()
        return await self.reactions(comment), (await self.replies(number))[before:]

    async def start_plain(self, needs: Mapping[str, Sequence[str]], *, protect: bool = False) -> None:
        """Start a plan of plain parts."""
        await self.start(plan_of(needs), protect=protect)

    # ---- what they see ----

    async def replies(self, number: int | None = None) -> list[str]:
        """Return what Signalbox answered below an issue or pull: its comments on status and failures are no answers."""
        return [
            each["body"]
            for each in await self.comments(number)
            if each["user"]["login"] == "signalbox[bot]" and "<!-- signalbox:reply" in each["body"]
        ]

    async def forget_requests(self) -> None:
        """Begin counting requests anew."""
        async with self.session.delete(f"{self.info['api_url']}/_sandbox/requests") as response:
            assert response.status < 300, await response.text()

    async def all_pulls(self) -> list[Any]:
        """List all pulls, oldest first."""
        return list(await self.get("/pulls?state=all&per_page=100&direction=asc"))

    async def pull(self, key: str) -> Any:
        """Read a workstream's pull."""
        return await self.get(f"/pulls/{self.pulls[key]}")

    async def check(self, key: str) -> Any:
        """Return the one `signalbox` run on a workstream's head, None if there is none."""
        sha = (await self.pull(key))["head"]["sha"]
        return await self.check_on(sha)

    async def check_on(self, sha: str) -> Any:
        """Return the one `signalbox` run on a commit, None if there is none."""
        runs = (await self.get(f"/commits/{sha}/check-runs?check_name=signalbox&filter=all"))["check_runs"]
        assert len(runs) <= 1, f"{len(runs)} signalbox runs on {sha}"
        return runs[0] if runs else None

    async def stage(self, key: str) -> str:
        """Return the stage that a pull's label says."""
        labels = await self.get(f"/issues/{self.pulls[key]}/labels")
        stages = [
            label["name"].removeprefix("signalbox:") for label in labels if label["name"].startswith("signalbox:")
        ]
        assert len(stages) <= 1, stages
        return stages[0] if stages else ""

    async def comments(self, number: int | None = None) -> list[Any]:
        """List the comments of an issue or pull."""
        return list(await self.get(f"/issues/{number or self.issue}/comments?per_page=100"))

    async def status_comment(self) -> Any:
        """Return the plan's one status comment, None if there is none."""
        mine = [each for each in await self.comments() if "<!-- signalbox:status" in each["body"]]
        assert len(mine) <= 1, "more than one status comment"
        return mine[0] if mine else None

    async def status(self) -> str:
        """Return the text of the status comment."""
        comment = await self.status_comment()
        return str(comment["body"]) if comment else ""

    async def reactions(self, comment: int) -> set[str]:
        """Return Signalbox's reactions to a comment."""
        listed = await self.get(f"/issues/comments/{comment}/reactions")
        return {each["content"] for each in listed if each["user"]["login"] == "signalbox[bot]"}

    async def merged(self) -> list[str]:
        """Return the keys of what landed, in the order in which it landed."""
        names = {number: key for key, number in self.pulls.items()}
        return [names[number] for number in (await self.state())["octo/demo"]["merges"]]

    async def state(self) -> Any:
        """Return the sandbox's whole state."""
        async with self.session.get(f"{self.info['api_url']}/_sandbox/state") as response:
            return await response.json()

    async def requests(self) -> list[Any]:
        """Return what Signalbox asked of the API since the last reset."""
        async with self.session.get(f"{self.info['api_url']}/_sandbox/requests") as response:
            listed = (await response.json())["requests"]
        return [each for each in listed if each["actor"] == "signalbox[bot]"]

    async def faults(self, knobs: Mapping[str, Any]) -> None:
        """Set the sandbox's faults."""
        async with self.session.put(f"{self.info['api_url']}/_sandbox/faults", json=knobs) as response:
            assert response.status < 300, await response.text()

    # ---- waiting ----

    async def until(
        self, condition: Callable[[], Awaitable[Any]], seconds: float = PATIENCE, pause: float = 0.06
    ) -> Any:
        """Wait until a condition holds and return what it returned."""
        end = time.monotonic() + seconds
        while True:
            found = await condition()
            if found:
                return found
            if time.monotonic() > end:
                name = getattr(condition, "__name__", "the condition")
                raise TimeoutError(f"waited in vain for {name}; the status comment says:\n{await self.status()}")
            await asyncio.sleep(pause)

    async def until_stage(self, key: str, stage: str) -> None:
        """Wait until a pull's label says a stage."""

        async def reached() -> bool:
            return await self.stage(key) == stage

        reached.__name__ = f"{key} to be {stage} (it is {await self.stage(key)})"
        await self.until(reached)

    async def settled(self) -> None:
        """Wait until GitHub has sent everything and Signalbox has nothing left to do."""
        assert self.bot is not None

        async def quiet() -> bool:
            on_its_way = self.world.hooks.pending or self.world.late
            return not on_its_way and self.bot is not None and await at_rest(self.bot.database)

        await self.until(quiet, pause=0.1)  # each look takes the database from those who work


@contextlib.asynccontextmanager
async def stage(folder: Path, *, port: int = 0, **settings: Any) -> AsyncIterator[Play]:
    """Set a stage: a sandbox, and Signalbox connected to it; both go on with what the folder has of them.

    `port` is the sandbox's, 0 = a free one. Signalbox finds its tables made, which takes much of a start.
    """
    async with contextlib.AsyncExitStack() as stack:
        if not (folder / databases.SQLITE_FILE).exists():
            await databases.migrated("sqlite", folder)
        sandbox = await stack.enter_async_context(start_sandbox(port=port, data=folder / "github"))
        info = sandbox.info
        bot = await stack.enter_async_context(
            running(settings_for(info, folder, **settings), web_side=True, worker_side=True)
        )
        connect(sandbox.world, f"http://127.0.0.1:{bot.port}/webhook")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        play = Play(info=info, world=sandbox.world, bot=bot, session=session, folder=folder)
        await stack.enter_async_context(base_ci_of(play))
        yield play


def connect(world: Any, url: str) -> None:
    """Have the sandbox send Signalbox's webhooks there."""
    world.app("signalbox").hook_url = url


def settings_for(info: Mapping[str, Any], folder: Path, **more: Any) -> Settings:
    """Return the settings that connect Signalbox to a sandbox."""
    environment = {
        "GITHUB_APP_ID": str(info["app_id"]),
        "GITHUB_PRIVATE_KEY_FILE": str(info["private_key_file"]),
        "GITHUB_WEBHOOK_SECRET": info["webhook_secret"],
        "GITHUB_API_URL": info["api_url"],
        "GITHUB_GRAPHQL_URL": info["graphql_url"],
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / databases.SQLITE_FILE}",
        "HOST": "127.0.0.1",
        "PORT": "0",
        "LOG_LEVEL": "WARNING",
        **{name.upper(): str(value) for name, value in more.items()},
    }
    return Settings.load(environment, env_file=None)
