"""What lies on the branches of octo/demo: written through the API, read from the git repository itself."""

import base64
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.scenarios.api import Api

FILE, PROGRAM, LINK = "100644", "100755", "120000"  # git's modes


@dataclass(frozen=True, slots=True)
class Mode:
    """Give a file that is there another mode."""

    mode: str


@dataclass(frozen=True, slots=True)
class Link:
    """Put a symbolic link there."""

    target: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Put there, mode and all, what was at another path."""

    origin: str


#: What becomes of a path: a text or bytes to hold, in the mode that it has; None to be deleted; or one of the above.
Change = str | bytes | Mode | Link | Moved | None
Entry = tuple[str, str]  # mode, sha of the blob


@dataclass(slots=True, kw_only=True)
class Trees(Api):
    """Branches and what they hold."""

    async def branches(self) -> list[str]:
        """List the names of all branches."""
        return sorted(branch["name"] for branch in await self.get("/branches?per_page=100"))

    async def tip(self, branch: str = "main") -> str:
        """Return the commit that a branch points to."""
        return str((await self.get(f"/git/ref/heads/{branch}"))["object"]["sha"])

    def _git(self) -> Any:
        return self.world.git(self.world.repository("octo", "demo"))

    async def tree(self, ref: str) -> dict[str, Entry]:
        """Return mode and blob of every path of a branch, tag or commit."""
        commit = await self._git().resolve(ref)
        assert commit is not None, f"there is no {ref}"
        listed = await self._git().tree((await self._git().commit(commit)).tree, recursive=True)
        return {entry.path: (entry.mode, entry.sha) for entry in listed if entry.type != "tree"}

    async def file(self, ref: str, path: str) -> bytes:
        """Return what a file holds on a branch, tag or commit."""
        _, sha = (await self.tree(ref))[path]
        return bytes(await self._git().blob(sha))

    async def push(self, branch: str, path: str, text: str, message: str = "Work") -> str:
        """Put a file on a branch as a worker would; return the new head."""
        existing = await self.call("wim", "GET", f"/contents/{path}?ref={branch}")
        body: dict[str, Any] = {
            "message": message, "branch": branch, "content": base64.b64encode(text.encode()).decode(),
        }  # fmt: skip
        if existing.status == 200:
            body["sha"] = existing.body["sha"]
        return str((await self.do("wim", "PUT", f"/contents/{path}", body))["commit"]["sha"])

    async def push_tree(
        self, branch: str, changes: Mapping[str, Change], *, who: str = "wim", message: str = "Work"
    ) -> str:
        """Put one commit of many changes on a branch, over the protection that it may have; return the new head.

        Where the branch moved meanwhile it is done anew on the new tip, as people do whose push was refused.
        """
        while True:
            parent = await self.tip(branch)
            new = await self._commit(parent, changes, who, message)
            async with self.unprotected(branch):
                pushed = await self.call(who, "PATCH", f"/git/refs/heads/{branch}", {"sha": new})
            if pushed.status < 300:
                return new
            assert await self.tip(branch) != parent, pushed

    async def _commit(self, parent: str, changes: Mapping[str, Change], who: str, message: str) -> str:
        """Make one commit of many changes."""
        before = await self.tree(parent)
        items: dict[str, tuple[str, str | None]] = {}
        for path, change in changes.items():
            match change:
                case None:
                    items[path] = FILE, None
                case Mode(mode):
                    items[path] = mode, before[path][1]
                case Link(target):
                    items[path] = LINK, await self._store(who, target.encode())
                case Moved(origin):
                    items[path] = before[origin]
                    items.setdefault(origin, (FILE, None))
                case _:
                    data = change.encode() if isinstance(change, str) else change
                    items[path] = before.get(path, (FILE, ""))[0], await self._store(who, data)
        entries = [{"path": path, "mode": mode, "type": "blob", "sha": sha} for path, (mode, sha) in items.items()]
        tree = await self.do(who, "POST", "/git/trees", {"base_tree": parent, "tree": entries})
        made = {"message": message, "tree": tree["sha"], "parents": [parent]}
        return str((await self.do(who, "POST", "/git/commits", made))["sha"])

    async def _store(self, who: str, data: bytes) -> str:
        body = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return str((await self.do(who, "POST", "/git/blobs", body))["sha"])

    @contextlib.asynccontextmanager
    async def unprotected(self, branch: str = "main") -> AsyncIterator[None]:
        """Take the protection from a branch for a while; afterwards it is as it was."""
        path = f"/branches/{quote(branch)}/protection"
        found = await self.call("ada", "GET", path)
        if found.status == 404:
            yield
            return
        await self.do("ada", "DELETE", path)
        try:
            yield
        finally:
            await self.do("ada", "PUT", path, _as_body(found.body))


def _as_body(found: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what GitHub says of a protection into the body that sets it."""
    checks, reviews = found.get("required_status_checks"), found.get("required_pull_request_reviews")
    return {
        "required_status_checks": checks and {
            "strict": checks["strict"],
            "checks": [
                {"context": each["context"], "app_id": -1 if each["app_id"] is None else each["app_id"]}
                for each in checks["checks"]
            ],
        },
        "required_pull_request_reviews": reviews and {
            name: reviews[name] for name in ("required_approving_review_count", "dismiss_stale_reviews")
        },
        "restrictions": None,
        **{
            name: found[name]["enabled"]
            for name in ("enforce_admins", "required_linear_history", "allow_force_pushes", "allow_deletions")
        },
    }  # fmt: skip
