"""Commits by whole files, made over GitHub's API, and a clone in which git itself says what a merge makes of them."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.core.model import Branch, Sha
from tests.github.story import Story

TRIAL = Branch("signalbox/trial")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Wim",
    "GIT_AUTHOR_EMAIL": "wim@example.org",
    "GIT_COMMITTER_NAME": "Wim",
    "GIT_COMMITTER_EMAIL": "wim@example.org",
}
FILE, PROGRAM, LINK = "100644", "100755", "120000"

#: Text, (mode, text), or None to take a file away; by path.
Files = Mapping[str, str | tuple[str, str] | None]


@dataclass
class Workshop:
    """A story with real git beside it."""

    story: Story
    where: Path  # an empty folder

    # ---- over GitHub's API ----

    async def commit(self, files: Files, *parents: Sha, message: str = "Work") -> Sha:
        """Make a commit, on no branch yet, that changes files of its first parent."""
        tree = []
        for path, content in files.items():
            mode, text = content if isinstance(content, tuple) else (FILE, content)
            entry = {"path": path, "mode": mode, "type": "blob"}
            tree.append({**entry, "sha": None} if text is None else {**entry, "content": text})
        made = {"sha": await self.tree(parents[0])}
        if tree:
            made = await self.call("POST", "/git/trees", {"base_tree": parents[0], "tree": tree})
        body = {"message": message, "tree": made["sha"], "parents": list(parents)}
        return Sha((await self.call("POST", "/git/commits", body))["sha"])

    async def tree(self, sha: Sha) -> Sha:
        return Sha((await self.call("GET", f"/git/commits/{sha}"))["tree"]["sha"])

    async def tip(self, branch: str = "main") -> Sha:
        return Sha((await self.call("GET", f"/git/ref/heads/{branch}"))["object"]["sha"])

    async def put(self, branch: str, sha: Sha) -> None:
        """Create a branch, or move it wherever it is."""
        if f"refs/heads/{branch}" in await self.refs():
            await self.call("PATCH", f"/git/refs/heads/{branch}", {"sha": sha, "force": True})
        else:
            await self.call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})

    async def grow(self, files: Files, branch: str = "main", message: str = "Work") -> Sha:
        """Put a commit on a branch."""
        sha = await self.commit(files, await self.tip(branch), message=message)
        await self.put(branch, sha)
        return sha

    async def merged(self, branch: str, method: str) -> Sha:
        """Merge a branch into main by a pull request; return where main is then."""
        body = {"title": branch, "head": branch, "base": "main"}
        pull = await self.call("POST", "/pulls", body)
        await self.call("PUT", f"/pulls/{pull['number']}/merge", {"merge_method": method})
        return await self.tip()

    async def refs(self) -> set[str]:
        return {ref["ref"] for ref in await self.call("GET", "/git/matching-refs/heads/")}

    async def call(self, method: str, path: str, body: object = None) -> Any:
        return await self.story.call(method, f"/repos/{self.story.repository.full_name}{path}", body)

    # ---- by git itself ----

    async def git(self, *arguments: str) -> tuple[int, str]:
        """Run git in the clone; return its status and what it says."""
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=self.where,
            env=ENVIRONMENT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return process.returncode or 0, out.decode()

    async def sure(self, *arguments: str) -> str:
        status, text = await self.git(*arguments)
        assert status == 0, text
        return text.strip()

    async def fetch(self) -> None:
        """Bring every branch into the clone."""
        if not (self.where / ".git").exists():
            await self.sure("init", "-q")
        address = f"{self.story.info['git_url']}/{self.story.repository.full_name}.git"
        await self.sure("fetch", "-q", "--no-tags", address, "+refs/heads/*:refs/remotes/origin/*")

    async def git_merge(self, one: Sha, other: Sha) -> Sha | None:
        """Return the tree of git's merge, None if it conflicts."""
        status, text = await self.git("merge-tree", "--write-tree", one, other)
        assert status in {0, 1}, text
        return Sha(text.split("\n", 1)[0]) if status == 0 else None

    async def git_revert(self, onto: Sha, *landed: Sha) -> Sha:
        """Return the tree after `git revert` of commits on `onto`, the newest first."""
        await self.sure("checkout", "-q", "-f", "--detach", onto)
        for sha in landed:
            parents = (await self.sure("rev-list", "--parents", "-n1", sha)).split()[1:]
            mainline = ["-m", "1"] if len(parents) > 1 else []
            await self.sure("revert", "--no-edit", *mainline, sha)
        return Sha(await self.sure("rev-parse", "HEAD^{tree}"))
