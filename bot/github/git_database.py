"""git objects, refs and merges of one repository by REST: beside client.py the only file that knows GitHub's URLs.

Used by trial.py, which knows what to do with them. Reads raise GitHubError, writes return what they made or an Outcome.
Must not decide anything or repeat a write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.actions import Outcome, OutcomeKind
from bot.core.model import Branch, Sha
from bot.errors import GitHubError, NotFound
from bot.github import outcomes
from bot.github.answers import Reply, documented_shapes, page_of
from bot.github.port import RepositoryRef
from bot.github.transport import Transport

ROOT = "/repos/{owner}/{name}"
REF = ROOT + "/git/refs/{ref}"  # without "refs/"; a slash inside it may be encoded

# https://docs.github.com/en/rest/commits/commits#compare-two-commits
MOST_FILES = 300  # GitHub lists no more, and says nothing of the rest
COMMITS_READ = 100
# git finds renames, of files and of folders, only where something vanished; a copy takes nothing away, but GitHub's
# "unchanged" and whatever may come are not relied upon.
KEEPS_OTHERS = frozenset({"added", "modified", "changed", "copied"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCommit:
    """A commit object."""

    sha: Sha
    tree: Sha
    parents: tuple[Sha, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What `head` has beyond `base`: counted in commits, and its changes since the two parted."""

    base_tree: Sha
    ahead_by: int  # commits
    paths: frozenset[str]  # of the changed files, with the old ones of renamed files
    complete: bool  # False = there may be more files than GitHub lists
    only_keeps: bool  # no file was removed or renamed
    linear: bool  # none of the commits beyond `base` is known or feared to be a merge


class GitDatabase:
    """The git side of one repository."""

    def __init__(self, transport: Transport, repository: RepositoryRef) -> None:
        self._transport = transport
        self._repository = repository
        owner, _, name = repository.full_name.partition("/")
        self._names = {"owner": owner, "name": name}

    # ---- reads ----

    async def compare(self, base: Sha, head: Sha) -> Comparison:
        """Compare two commits as three dots do. Raises GitHubError, NotFound also where they have nothing in common."""
        span = {"base": base, "head": head, "per_page": str(COMMITS_READ)}
        route = ROOT + "/compare/{base}...{head}{?per_page}"
        # By shas, so that the answer stays the same and a conflict that is looked at again costs no quota.
        data = (await self._transport.get(self._repository, route, {**self._names, **span}, cached=True)).data
        with documented_shapes("a comparison"):
            files, ahead = data["files"], int(data["ahead_by"])
            paths = {file["filename"] for file in files} | {file.get("previous_filename") for file in files}
            merges = any(len(commit["parents"]) > 1 for commit in data["commits"])
            return Comparison(
                base_tree=Sha(data["base_commit"]["commit"]["tree"]["sha"]),
                ahead_by=ahead,
                paths=frozenset(path for path in paths if path is not None),
                complete=len(files) < MOST_FILES,
                only_keeps=all(file["status"] in KEEPS_OTHERS for file in files),
                linear=not merges and len(data["commits"]) >= ahead,
            )

    async def commit(self, sha: Sha) -> GitCommit:
        """Read a commit object. Raises GitHubError."""
        names = {**self._names, "sha": sha}
        data = (await self._transport.get(self._repository, ROOT + "/git/commits/{sha}", names)).data
        with documented_shapes("a commit"):
            return _commit(data["sha"], data["tree"], data["parents"])

    async def tip(self, branch: Branch) -> Sha | None:
        """Return what a branch points at, None if there is none. Raises GitHubError."""
        names = {**self._names, "ref": f"heads/{branch}"}
        try:
            data = (await self._transport.get(self._repository, ROOT + "/git/ref/{ref}", names)).data
        except NotFound:
            return None
        with documented_shapes("a ref"):
            return Sha(data["object"]["sha"])

    # ---- writes ----

    async def create_commit(self, tree: Sha, parents: Sequence[Sha], message: str) -> GitCommit | Outcome:
        """Create a commit object, on no branch yet; GitHub signs it. Repeating it leaves at most an unused object.

        https://docs.github.com/en/rest/git/commits#create-a-commit
        """
        body = {"message": message, "tree": tree, "parents": list(parents)}
        reply = await self._write("POST", ROOT + "/git/commits", {}, body)
        if isinstance(reply, Outcome) or reply.status != 201:
            return reply if isinstance(reply, Outcome) else outcomes.rest_outcome(reply, outcomes.CONTENTS)
        with documented_shapes("a new commit"):
            data = page_of(reply).data
            return _commit(data["sha"], data["tree"], data["parents"])

    async def create_branch(self, branch: Branch, sha: Sha) -> Outcome:
        """Create a branch; ALREADY if one of that name exists. https://docs.github.com/en/rest/git/refs#create-a-reference"""
        body = {"ref": f"refs/heads/{branch}", "sha": sha}
        reply = await self._write("POST", ROOT + "/git/refs", {}, body)
        if isinstance(reply, Outcome):
            return reply
        if reply.status == 422 and "already exists" in reply.message.lower():
            return Outcome(kind=OutcomeKind.ALREADY, detail=reply.message)
        if reply.status == 409:  # somebody else writes refs at this moment
            return Outcome(kind=OutcomeKind.MOVED, detail=reply.message)
        return outcomes.rest_outcome(reply, outcomes.CONTENTS)

    async def force_branch(self, branch: Branch, sha: Sha) -> Outcome:
        """Move a branch wherever it is. Only ever for a branch that carries nothing."""
        names, body = {"ref": f"heads/{branch}"}, {"sha": sha, "force": True}
        reply = await self._write("PATCH", REF, names, body)
        return reply if isinstance(reply, Outcome) else outcomes.rest_outcome(reply, outcomes.CONTENTS)

    async def delete_branch(self, branch: Branch) -> Outcome:
        """Delete a branch."""
        reply = await self._write("DELETE", REF, {"ref": f"heads/{branch}"}, None)
        return reply if isinstance(reply, Outcome) else outcomes.rest_outcome(reply, outcomes.CONTENTS)

    async def merge(self, branch: Branch, head: Sha, message: str) -> GitCommit | Outcome:
        """Merge a commit into a branch by git's own merge and return the merge commit.

        ALREADY if the branch contains it, CONFLICT (without paths) if git needs a person.
        https://docs.github.com/en/rest/branches/branches#merge-a-branch
        """
        body = {"base": branch, "head": head, "commit_message": message}
        reply = await self._write("POST", ROOT + "/merges", {}, body)
        if isinstance(reply, Outcome):
            return reply
        if reply.status != 201:
            return outcomes.branch_merge_outcome(reply)
        with documented_shapes("a merge"):
            data = page_of(reply).data
            return _commit(data["sha"], data["commit"]["tree"], data["parents"])

    def outcome_of(self, error: GitHubError) -> Outcome:
        """Return what a read that failed means for the write that it was for."""
        return self._transport.outcome_of(error)

    async def _write(self, method: str, route: str, names: dict[str, str], body: object | None) -> Reply | Outcome:
        return await self._transport.write(self._repository, method, route, {**self._names, **names}, body)


def _commit(sha: str, tree: dict[str, Any], parents: list[dict[str, Any]]) -> GitCommit:
    return GitCommit(sha=Sha(sha), tree=Sha(tree["sha"]), parents=tuple(Sha(parent["sha"]) for parent in parents))
