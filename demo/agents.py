"""The demo's workers and its CI: real git clients in worktrees, and a real test run of what was pushed."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.looks import TESTS, Looks
from demo.people import Person

STEPS = Path(__file__).resolve().parent.parent / "examples" / "inventory"

AT_ONCE = 2  # test runs of the demo's CI
LOOK_SECONDS = 0.1  # between its looks at what is new

_GIT_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}


async def run(*command: str, cwd: Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a program; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env={**os.environ, **_GIT_ENV, **(env or {})},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")


@dataclass(slots=True)
class Clone:
    """One clone of the repository, from which every worker has a worktree."""

    folder: Path
    url: str  # with the person's token
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)  # git locks refs and worktrees of one clone

    async def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git; raises with its words if it fails."""
        async with self._one_at_a_time:
            code, output = await run("git", *arguments, cwd=cwd or self.folder)
        if code != 0:
            raise RuntimeError(f"git {arguments[0]} failed: {output.strip()}")
        return output.strip()

    async def clone(self) -> None:
        """Clone the repository."""
        self.folder.mkdir(parents=True)
        await self.git("clone", "--quiet", self.url, ".")
        await self.name()

    async def name(self) -> None:
        """Say who works here."""
        await self.git("config", "user.name", "Wim")
        await self.git("config", "user.email", "wim@example.com")

    async def has(self, sha: str) -> bool:
        """Say whether a commit is here."""
        return (await run("git", "cat-file", "-e", f"{sha}^{{commit}}", cwd=self.folder))[0] == 0

    async def worktree(self, branch: str) -> Path:
        """Return a worktree of a branch as it is on GitHub now."""
        tree = self.folder.parent / f"tree-{branch.replace('/', '-')}"
        await self.git("fetch", "--quiet", "origin", branch)
        await self.git("worktree", "add", "--quiet", "-B", branch, str(tree), f"origin/{branch}")
        return tree

    async def put(self, tree: Path, step: str, message: str) -> None:
        """Put a step's files into a worktree and commit them."""
        shutil.copytree(STEPS / step, tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        await self.git("add", "--all", cwd=tree)
        await self.git("commit", "--quiet", "-m", message, cwd=tree)

    async def push(self, tree: Path, step: str, message: str, *, with_base: bool = False) -> str:
        """Put a step's files into a worktree, on today's main if asked, and push; return the new head."""
        branch = await self.git("rev-parse", "--abbrev-ref", "HEAD", cwd=tree)
        if with_base:
            await self.git("fetch", "--quiet", "origin", "main", cwd=tree)
            await self.git("merge", "--quiet", "--no-edit", "origin/main", cwd=tree)
        await self.put(tree, step, message)
        await self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}", cwd=tree)
        return await self.git("rev-parse", "HEAD", cwd=tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What CI found on a commit."""

    green: bool
    words: str  # its last line, or what went wrong
    at: float  # on the clock of `time.monotonic`, when CI was about to report it


@dataclass(slots=True)
class Ci:
    """Tests new tips of main and heads of open pulls, each once in a checkout of its own, and reports a check run.

    A commit that changes nothing, like the one that opens a branch, is left alone, as a filter of paths would do it.
    """

    robot: Person
    clone: Clone
    looks: Looks
    seen: set[str] = field(default_factory=set)
    verdicts: dict[str, Verdict] = field(default_factory=dict)  # by commit
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def serve(self, stop: asyncio.Event) -> None:
        """Test what is new until stopped, and what has begun to its end."""
        tests: list[asyncio.Task[None]] = []
        while not stop.is_set():
            for sha in await self._tips():
                if sha not in self.seen:
                    self.seen.add(sha)
                    tests.append(asyncio.create_task(self._test(sha)))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        await asyncio.gather(*tests)

    async def _tips(self) -> list[str]:
        """Return what is to be tested, the base first: everybody waits for it."""
        main, pulls = await asyncio.gather(self.robot.call("GET", "/git/ref/heads/main"), self.looks.pulls())
        heads = [pull["head"]["sha"] for pull in pulls.values() if pull["state"] == "open"]
        return [main["object"]["sha"], *heads]

    async def _test(self, sha: str) -> None:
        if not await self.clone.has(sha):
            await self.clone.git("fetch", "--quiet", "origin", sha)
        trees = await self.clone.git("rev-parse", f"{sha}^{{tree}}", f"{sha}^1^{{tree}}")
        if len(set(trees.split())) > 1:
            async with self._free:
                await self._run(sha)

    async def _run(self, sha: str) -> None:
        check = await self.robot.call("POST", "/check-runs", {"name": TESTS, "head_sha": sha, "status": "in_progress"})
        tree = self.clone.folder.parent / f"ci-{sha[:10]}"
        await self.clone.git("worktree", "add", "--quiet", "--detach", str(tree), sha)
        code, output = await run_tests(tree)
        result: dict[str, Any] = {
            "status": "completed",
            "conclusion": "success" if code == 0 else "failure",
            "output": {
                "title": output.strip().splitlines()[-1][:200],
                "summary": "`python -m unittest` in a fresh checkout",
                "text": f"```\n{output[-8000:]}\n```",
            },
        }
        self.verdicts[sha] = Verdict(green=code == 0, words=_words(output), at=time.monotonic())
        await self.robot.call("PATCH", f"/check-runs/{check['id']}", result)
        await self.clone.git("worktree", "remove", "--force", str(tree))


async def run_tests(tree: Path) -> tuple[int, str]:
    """Run the tests of a checkout; return the exit code and what they printed, with paths as in the repository."""
    code, output = await run(sys.executable, "-m", "unittest", "discover", "-t", ".", "-s", "tests", cwd=tree)
    return code, output.replace(f"{tree}/", "")


def _words(output: str) -> str:
    lines = output.strip().splitlines()
    wrong = [line.removeprefix("AssertionError: ") for line in lines if line.startswith("AssertionError: ")]
    return [*lines, *wrong][-1]
