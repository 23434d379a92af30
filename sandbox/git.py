"""One bare repository: objects, refs, history and merges by git's own plumbing; knows nothing of GitHub's records."""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.errors import MergeConflict, RefConflict, SandboxError
from sandbox.git_diff import FileChange, parse_changes
from sandbox.git_history import ShortHistory
from sandbox.git_objects import (
    EMPTY_TREE,
    SHA,
    CommitObject,
    Signature,
    TagObject,
    TreeEntry,
    format_commit,
    format_tree,
    parse_commit,
    parse_tag,
    parse_tree,
    read_loose,
    write_loose,
)

#: No configuration of the machine or of the person who runs the sandbox may change what git does.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C.UTF-8",
    "GIT_AUTHOR_NAME": "sandbox",
    "GIT_AUTHOR_EMAIL": "sandbox@localhost",
    "GIT_COMMITTER_NAME": "sandbox",
    "GIT_COMMITTER_EMAIL": "sandbox@localhost",
}
CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[http]
\treceivepack = true
[receive]
\tdenyDeleteCurrent = refuse
\tunpackLimit = 1000
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
"""

#: Names that git surely takes; whether it takes another, git is asked.
PLAIN_REF = re.compile(r"(?!.*\.lock)refs(/[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*)+")


class GitError(SandboxError):
    """git itself failed in a way that no caller expects."""


class Git:
    """A bare repository at `path`. Objects never change, so everything about a sha is remembered.

    The refs are remembered too: every writer is this class, or calls `refresh` after git-receive-pack has run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._objects: dict[str, tuple[str, bytes]] = {}
        self._commits: dict[str, CommitObject] = {}
        self._answers: dict[tuple[str, ...], str] = {}
        self._changes: dict[tuple[str, str], list[FileChange]] = {}
        self._refs: dict[str, str] | None = None
        self._short = ShortHistory(path / "objects")

    def create(self, branch: str) -> None:
        """Make the empty repository; written by hand because `git init` costs a process per test."""
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        (self.path / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
        (self.path / "config").write_text(CONFIG)
        self._refs = {}

    async def run(self, *arguments: str, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> tuple[int, str]:
        """Run one git command in the repository; return its exit status and output. GitError for any other status."""
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=self.path,
            env=ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin)
        status = process.returncode or 0
        if status not in accept:
            raise GitError(f"git {arguments[0]}: {err.decode(errors='replace').strip()}")
        return status, out.decode("utf-8", "surrogateescape")

    async def _fixed(self, *arguments: str) -> str:
        """Run a command whose answer can never change (all its arguments are shas), once."""
        if arguments not in self._answers:
            self._answers[arguments] = (await self.run(*arguments))[1]
        return self._answers[arguments]

    # ---- objects ----

    async def object(self, sha: str) -> tuple[str, bytes] | None:
        """Return kind and bytes of an object, or None if there is none."""
        if sha not in self._objects and SHA.fullmatch(sha):
            found = read_loose(self.path / "objects", sha) or await self._packed(sha)
            if found is None:
                return None
            self._objects[sha] = found
        return self._objects.get(sha)

    async def _packed(self, sha: str) -> tuple[str, bytes] | None:
        process = await asyncio.create_subprocess_exec(
            "git",
            "cat-file",
            "--batch",
            cwd=self.path,
            env=ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(f"{sha}\n".encode())
        head, _, data = out.partition(b"\n")
        words = head.decode().split()
        return None if words[-1:] == ["missing"] else (words[1], data[: int(words[2])])

    async def kind(self, sha: str) -> str | None:
        """Return `commit`, `tree`, `blob`, `tag`, or None if there is no such object."""
        if sha == EMPTY_TREE:
            return "tree"
        found = await self.object(sha)
        return found[0] if found else None

    async def _data(self, sha: str, kind: str) -> bytes:
        found = await self.object(sha)
        if found is None or found[0] != kind:
            raise GitError(f"{sha} is not a {kind}")
        return found[1]

    async def commit(self, sha: str) -> CommitObject:
        """Return a commit; GitError if the sha is none."""
        if sha not in self._commits:
            self._commits[sha] = parse_commit(sha, await self._data(sha, "commit"))
        return self._commits[sha]

    async def tree(self, sha: str, *, recursive: bool = False) -> list[TreeEntry]:
        """Return a tree's entries; recursive ones have whole paths and keep the folders before their files."""
        if sha == EMPTY_TREE:
            return []
        entries = parse_tree(await self._data(sha, "tree"))
        if not recursive:
            return entries
        listing: list[TreeEntry] = []
        for entry in entries:
            listing.append(entry)
            if entry.type == "tree":
                below = await self.tree(entry.sha, recursive=True)
                listing += [TreeEntry(one.mode, one.type, one.sha, f"{entry.path}/{one.path}") for one in below]
        return listing

    async def blob(self, sha: str) -> bytes:
        """Return a file's bytes; GitError if the sha is no blob."""
        return await self._data(sha, "blob")

    async def tag(self, sha: str) -> TagObject:
        """Return an annotated tag; GitError if the sha is none."""
        return parse_tag(sha, await self._data(sha, "tag"))

    async def size(self, sha: str) -> int:
        """Return an object's size in bytes."""
        found = await self.object(sha)
        return len(found[1]) if found else 0

    async def entry(self, treeish: str, path: str) -> TreeEntry | None:
        """Return the entry at a path (slashes between folders) of a commit or tree, with its whole path."""
        sha = (await self.commit(treeish)).tree if await self.kind(treeish) == "commit" else treeish
        entry = TreeEntry("040000", "tree", sha, "")
        for name in path.strip("/").split("/") if path.strip("/") else []:
            below = await self.tree(entry.sha) if entry.type == "tree" else []
            found = next((one for one in below if one.path == name), None)
            if found is None:
                return None
            entry = found
        return TreeEntry(entry.mode, entry.type, entry.sha, path.strip("/"))

    def write_blob(self, data: bytes) -> str:
        """Store a file's bytes; return the sha."""
        return write_loose(self.path / "objects", "blob", data)

    def write_tree(self, entries: Sequence[TreeEntry]) -> str:
        """Store a tree of entries without slashes in their paths; return the sha."""
        return write_loose(self.path / "objects", "tree", format_tree(entries))

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature | None = None
    ) -> str:
        """Store a commit; return the sha."""
        data = format_commit(tree, parents, message, author, committer or author)
        return write_loose(self.path / "objects", "commit", data)

    def write_tag(self, data: bytes) -> str:
        """Store an annotated tag; return the sha."""
        return write_loose(self.path / "objects", "tag", data)

    async def edit_tree(self, base: str, edits: Mapping[str, TreeEntry | None]) -> str:
        """Return a tree like `base` with the entries at `edits`' paths put in, or removed where None.

        A path removed that is not there raises KeyError with the path. Empty folders vanish, as git has none.
        """
        entries = {entry.path: entry for entry in await self.tree(base)}
        below: dict[str, dict[str, TreeEntry | None]] = {}
        for path, entry in edits.items():
            folder, slash, rest = path.partition("/")
            if slash:
                below.setdefault(folder, {})[rest] = entry
            elif entry is not None:
                entries[path] = TreeEntry(entry.mode, entry.type, entry.sha, path)
            elif entries.pop(path, None) is None:
                raise KeyError(path)
        for folder, inner in below.items():
            known = entries.get(folder)
            sub = await self.edit_tree(known.sha if known and known.type == "tree" else EMPTY_TREE, inner)
            if sub == EMPTY_TREE:
                entries.pop(folder, None)
            else:
                entries[folder] = TreeEntry("040000", "tree", sub, folder)
        return self.write_tree(list(entries.values()))

    # ---- refs ----

    async def refresh(self) -> dict[str, str]:
        """Read all refs again from disk (after git-receive-pack) and return them."""
        lines = (await self.run("for-each-ref", "--format=%(objectname) %(refname)"))[1].splitlines()
        self._refs = {name: sha for sha, _, name in (line.partition(" ") for line in lines)}
        return dict(self._refs)

    async def refs(self) -> dict[str, str]:
        """Return every ref by its full name, in git's order of names."""
        refs = await self.refresh() if self._refs is None else self._refs
        return dict(sorted(refs.items()))

    async def ref(self, name: str) -> str | None:
        """Return what a ref points to (full name, `refs/heads/main`), or None."""
        if self._refs is None:
            await self.refresh()
        return (self._refs or {}).get(name)

    async def branch(self, name: str) -> str | None:
        """Return the tip of a branch, or None."""
        return await self.ref(f"refs/heads/{name}")

    async def resolve(self, expression: str) -> str | None:
        """Return the commit that a branch, a tag, a full ref or a sha (also shortened) names, or None."""
        refs = await self.refs()
        names = (expression, f"refs/heads/{expression}", f"refs/tags/{expression}", f"refs/{expression}")
        sha = next((refs[name] for name in names if name in refs), None)
        if sha is None and SHA.fullmatch(expression):
            sha = expression
        if sha is None:
            arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{expression}^{{commit}}")
            sha = (await self.run(*arguments, accept=(0, 1, 128)))[1].strip()
        while await self.kind(sha) == "tag":
            sha = (await self.tag(sha)).object
        return sha if await self.kind(sha) == "commit" else None

    async def update_refs(self, updates: Sequence[tuple[str, str | None, str | None]]) -> None:
        """Set refs in one transaction: (name, expected old or None for absent, new or None to delete).

        RefConflict with the name if a ref is not at its expected value; then none is changed.
        """
        known = await self.refs()
        for name, old, _ in updates:
            if known.get(name) != old:
                raise RefConflict(name)
        zero = "0" * 40
        lines = [f"update {name} {new or zero} {old or zero}\n" for name, old, new in updates]
        status, _ = await self.run("update-ref", "--stdin", stdin="".join(lines).encode(), accept=(0, 128))
        if status:
            await self.refresh()
            raise RefConflict(updates[0][0])
        current = self._refs if self._refs is not None else {}  # another update may have ended meanwhile
        for name, _, new in updates:
            current.pop(name, None)
            if new:
                current[name] = new

    async def is_free(self, name: str) -> bool:
        """Return whether a new ref could be named so: git refuses a name that is a folder of another, or bad syntax."""
        refs = await self.refs()
        if any(other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in refs):
            return False
        return bool(PLAIN_REF.fullmatch(name)) or (await self.run("check-ref-format", name, accept=(0, 1)))[0] == 0

    # ---- history ----

    async def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `newer` contains `older` (a commit contains itself)."""
        return older == newer or await self.merge_base(older, newer) == older

    async def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor, or None for unrelated histories."""
        known = self._short.merge_base(one, other)
        if known is not None:
            return known or None
        key = ("merge-base", one, other)
        if key not in self._answers:
            self._answers[key] = (await self.run(*key, accept=(0, 1)))[1].strip()
        return self._answers[key] or None

    async def commits_between(self, base: str, head: str) -> list[str]:
        """Return the commits of `head` that `base` lacks, oldest first."""
        chain = self._short.chain(head, self._short.beyond(base, head))
        if chain is not None:
            return chain[::-1]
        return (await self._fixed("rev-list", "--topo-order", "--reverse", head, f"^{base}")).split()

    async def ahead_behind(self, base: str, head: str) -> tuple[int, int]:
        """Return how many commits `head` has that `base` lacks, and the other way round."""
        more, less = self._short.beyond(base, head), self._short.beyond(head, base)
        if more is not None and less is not None:
            return len(more), len(less)
        behind, ahead = (await self._fixed("rev-list", "--left-right", "--count", f"{base}...{head}")).split()
        return int(ahead), int(behind)

    async def history(self, sha: str, limit: int = 1000, path: str | None = None) -> list[str]:
        """Return the commit and its ancestors, newest first; with a path only those that touch it."""
        chain = self._short.chain(sha, self._short.reach(sha)) if path is None else None
        if chain is not None:
            return chain[:limit]
        return (
            await self._fixed("rev-list", "--date-order", f"--max-count={limit}", sha, "--", *([path] if path else []))
        ).split()

    async def changes(self, base: str, head: str) -> list[FileChange]:
        """Return the files that `head` changed since it left `base` (three dots), with their patches."""
        return await self.diff(await self.merge_base(base, head) or EMPTY_TREE, head)

    async def diff(self, old: str, new: str) -> list[FileChange]:
        """Return the files that differ between two commits or trees, by path."""
        if (old, new) not in self._changes:
            arguments = (
                "diff-tree",
                "-r",
                "-M",
                "--no-color",
                "--no-ext-diff",
                "--full-index",
                "-p",
                "--raw",
                old,
                new,
            )
            self._changes[old, new] = parse_changes((await self.run(*arguments))[1])
        return self._changes[old, new]

    # ---- merging ----

    async def merge_trees(self, ours: str, theirs: str) -> str:
        """Return the tree of merging two commits; MergeConflict if git needs a person."""
        key = ("merge-tree", "--write-tree", "--allow-unrelated-histories", ours, theirs)
        if key not in self._answers:
            status, out = await self.run(*key, accept=(0, 1))
            self._answers[key] = "" if status else out.split("\n", 1)[0]
        if not self._answers[key]:
            raise MergeConflict(f"{theirs} does not merge into {ours}")
        return self._answers[key]

    async def replay(self, commits: Sequence[str], onto: str, committer: Signature) -> str:
        """Return the tip of `commits` (oldest first) put one by one on `onto`; merges and empty results are left out.

        git 2.39 has no `--merge-base` for merge-tree: the base is given by a made-up commit with the tree of `onto`
        whose parent is the picked commit's parent.
        """
        tip = onto
        for sha in commits:
            commit = await self.commit(sha)
            if len(commit.parents) != 1:
                continue
            tree = await self.pick(sha, tip, commit.parents[0])
            if tree == (await self.commit(tip)).tree and commit.tree != (await self.commit(commit.parents[0])).tree:
                continue  # its change is there already
            tip = self.write_commit(tree, [tip], commit.message, commit.author, committer)
        return tip

    async def pick(self, change: str, onto: str, base: str) -> str:
        """Return the tree of applying the change from `base` to `change` upon `onto`; MergeConflict as in a merge."""
        onto_commit = await self.commit(onto)
        side = self.write_commit(onto_commit.tree, [base], "base\n", onto_commit.author)
        if base not in (await self.commit(change)).parents:
            change_commit = await self.commit(change)
            change = self.write_commit(change_commit.tree, [base], "change\n", change_commit.author)
        return await self.merge_trees(side, change)
