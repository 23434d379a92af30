"""Reads commits, folders and files out of a repository's git for the pages; returns None for what is not there."""

import re
from urllib.parse import quote

from sandbox.git import Git
from sandbox.model import Json, Repository
from sandbox.world import World

from . import paths, views

SHA = re.compile(r"[0-9a-f]{7,40}")
COMMITS_SHOWN = 10


async def commit(world: World, repo: Repository, sha: str) -> Json | None:
    """Return a commit's message, parents and changed files; a short sha will do."""
    git = world.git(repo)
    full = await git.resolve(sha)
    if full is None:
        return None
    found = await git.commit(full)
    subject, _, body = found.message.partition("\n")
    row = await views.commit_row(world, repo, git, full)
    parents = [{"sha": one, "href": paths.of_commit(world, repo, one)} for one in found.parents]
    details = {
        "subject": subject,
        "body": body.strip(),
        "parents": parents,
        "tree_href": paths.of_tree(world, repo, full),
        "pulls": views.pulls_at(world, repo, full),
    }
    files = await git.diff(found.parents[0], full) if found.parents else []
    return {"commit": row | details, "files": files}


async def compare(world: World, repo: Repository, text: str) -> Json | None:
    """Return what `head` has over `base`, of `base...head`."""
    git = world.git(repo)
    base, _, head = text.partition("...")
    base_sha, head_sha = await git.resolve(base), await git.resolve(head)
    if base_sha is None or head_sha is None:
        return None
    rows = [await views.commit_row(world, repo, git, sha) for sha in await git.commits_between(base_sha, head_sha)]
    ahead, behind = await git.ahead_behind(base_sha, head_sha)
    files = await git.changes(base_sha, head_sha)
    return {"base": base, "head": head, "ahead": ahead, "behind": behind, "commits": rows, "files": files}


async def place(world: World, repo: Repository, text: str) -> Json | None:
    """Return a folder's entries or a file's text; `text` is a ref, which may have slashes, and a path."""
    git = world.git(repo)
    found = await _split(git, text)
    if found is None:
        return None
    ref, sha, path = found
    home = paths.of_repository(world, repo)
    names = path.split("/") if path else []
    trail = [(names[-1], f"{home}/blob/{quote(ref)}/{quote(path)}")] if names else []
    for depth in range(len(names) - 1, 0, -1):
        trail.insert(0, (names[depth - 1], f"{home}/tree/{quote(ref)}/{quote('/'.join(names[:depth]))}"))
    context: Json = {"ref": ref, "path": path, "trail": trail}
    tree = (await git.commit(sha)).tree
    if path:
        entry = await git.entry(tree, path)
        if entry is None:
            return None
        if entry.type == "blob":
            data = await git.blob(entry.sha)
            return context | {"text": None if b"\0" in data[:8000] else data.decode("utf-8", "replace")}
        tree = entry.sha
    entries = sorted(await git.tree(tree), key=lambda one: (one.type != "tree", one.path))
    commits = [
        await views.commit_row(world, repo, git, one) for one in await git.history(sha, COMMITS_SHOWN, path or None)
    ]
    rows = [
        {
            "name": one.path,
            "is_folder": one.type == "tree",
            "href": f"{home}/{one.type}/{quote(ref)}/{quote('/'.join([*names, one.path]))}",
        }
        for one in entries
    ]
    return context | {"entries": rows, "commits": commits}


async def _split(git: Git, text: str) -> tuple[str, str, str] | None:
    """Return the ref, its commit and the path; the longest ref that exists wins."""
    parts = text.strip("/").split("/")
    refs = await git.refs()
    for length in range(len(parts), 0, -1):
        ref = "/".join(parts[:length])
        is_known = f"refs/heads/{ref}" in refs or f"refs/tags/{ref}" in refs or ref == "HEAD"
        if is_known or (length == 1 and SHA.fullmatch(ref)):
            sha = await git.resolve(ref)
            return (ref, sha, "/".join(parts[length:])) if sha else None
    return None
