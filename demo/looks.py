"""What a person sees who reloads a page until something has happened. Must not change anything on GitHub."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from demo.people import Person

PATIENCE = 75.0  # seconds for one thing to come about
FRESH_SECONDS = 0.1  # how old what is seen of the pulls may be
TESTS = "unit tests"  # the check of the demo's CI


async def until(what: str, condition: Callable[[], Awaitable[bool]], pause: float = 0.1) -> None:
    """Wait until a condition holds; raises TimeoutError if it does not come about."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110 - what is waited for is on the other side of an API
                await asyncio.sleep(pause)
    except TimeoutError as error:
        raise TimeoutError(f"waited in vain for {what}") from error


@dataclass(slots=True)
class Looks:
    """The repository as somebody sees it. Its pulls are read together, and seldom: whoever looks shares them."""

    person: Person
    _pulls: dict[int, Any] = field(default_factory=dict)
    _read_at: float = -FRESH_SECONDS
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def pulls(self) -> dict[int, Any]:
        """Return all pulls by number, as they were a moment ago at most."""
        async with self._one_at_a_time:
            if time.monotonic() - self._read_at >= FRESH_SECONDS:
                self._pulls = {pull["number"]: pull for pull in await self.person.pulls()}
                self._read_at = time.monotonic()
        return self._pulls

    async def pull_from(self, branch: str) -> Any:
        """Return the open pull of a branch, None if there is none."""
        found = await self.person.pulls("open", lambda pull: pull["head"]["ref"] == branch)
        return found[0] if found else None

    async def landed(self, number: int) -> bool:
        """Say whether a pull is merged."""
        return (await self.pulls())[number]["merged_at"] is not None

    async def stage(self, number: int, stage: str) -> bool:
        """Say whether a pull's label shows a stage."""
        pull = (await self.pulls()).get(number, {"labels": []})
        return any(each["name"] == f"signalbox:{stage}" for each in pull["labels"])

    async def tested(self, number: int, conclusion: str) -> bool:
        """Say whether CI came to this conclusion on a pull's head."""
        pull = (await self.pulls()).get(number)
        return pull is not None and await self.checked(pull["head"]["sha"], TESTS, conclusion)

    async def checked(self, sha: str, check: str, conclusion: str | None = None) -> bool:
        """Say whether a check is on a commit, with this conclusion if one is named."""
        name = check.replace(" ", "%20")
        runs = (await self.person.call("GET", f"/commits/{sha}/check-runs?check_name={name}"))["check_runs"]
        return any(conclusion in {None, run["conclusion"]} for run in runs)

    async def said(self, issue: int, text: str) -> bool:
        """Say whether a comment of an issue holds a text."""
        comments = await self.person.call("GET", f"/issues/{issue}/comments?per_page=100")
        return any(text in comment["body"] for comment in comments)

    async def checkpoints(self, issue: int) -> dict[str, str]:
        """Return the commit of each checkpoint tag: "cp-0" and so on."""
        refs = await self.person.call("GET", f"/git/matching-refs/tags/signalbox/{issue}/cp-")
        return {each["ref"].rsplit("/", 1)[1]: each["object"]["sha"] for each in refs}
