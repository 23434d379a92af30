"""Refs, commits, trees, blobs and tags, read from the repository's git."""

import re
from typing import Any

from sandbox.git import Git
from sandbox.git_objects import CommitObject, Signature, TreeEntry
from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Context, Info
from sandbox.graphql.lookup import ref as find_ref
from sandbox.graphql.nodes import (
    GIT_OBJECTS,
    BlobNode,
    CommitNode,
    ComparisonNode,
    RefNode,
    RepositoryNode,
    RollupNode,
    StatusNode,
    TagNode,
    TreeNode,
)
from sandbox.graphql.registry import TYPES, constant, field
from sandbox.model import Repository, User
from sandbox.operations import pulls
from sandbox.pages import paths

from .order import moment, select_pulls

OBJECTS = "Commit Tree Blob Tag"
MAX_TEXT = 512_000  # bytes; GitHub cuts the text of a larger blob
SHA = re.compile(r"^[0-9a-f]{40}$")
TYPES.update({RefNode: "Ref", CommitNode: "Commit", TreeNode: "Tree", BlobNode: "Blob", TagNode: "Tag"})
TYPES.update({ComparisonNode: "Comparison"})


def git_of(info: Info, repo: Repository) -> Git:
    return info.context.world.git(repo)


async def commit_of(info: Info, node: CommitNode) -> CommitObject:
    return await git_of(info, node.repo).commit(node.sha)


async def git_object(context: Context, repo: Repository, sha: str | None) -> RepositoryNode | None:
    """Return the node of a git object, or None if the repository has no such object."""
    kind = None if sha is None else await context.world.git(repo).kind(sha)
    return None if kind is None or sha is None else GIT_OBJECTS[kind](repo, sha)


# ---- looking up ----


@field("Repository", "object")
async def object_(
    repo: Repository, info: Info, expression: str | None = None, oid: str | None = None
) -> RepositoryNode | None:
    """Resolve a sha, a revision (`main`, `HEAD`), or a revision and a path (`main:docs/plan.md`)."""
    info.context.require(repo, "contents:read")
    if oid is not None:
        return await git_object(info.context, repo, oid if SHA.match(oid) else None)
    revision, colon, path = (expression or "").partition(":")
    if revision in ("", "HEAD"):
        revision = repo.default_branch
    git = git_of(info, repo)
    if not colon:
        named = await find_ref(info.context, repo, revision)
        known = revision if SHA.match(revision) else None
        sha = named.sha if named is not None else known or await git.resolve(revision)
        return await git_object(info.context, repo, sha)
    commit = await git.resolve(revision)
    if commit is None:
        tree = revision if SHA.match(revision) and await git.kind(revision) == "tree" else None
    else:
        tree = (await git.commit(commit)).tree
    if tree is None or not path.strip("/"):
        return await git_object(info.context, repo, tree)
    entry = await git.entry(tree, path.strip("/"))
    return None if entry is None else await git_object(info.context, repo, entry.sha)


@field("Repository", "ref")
async def ref(repo: Repository, info: Info, **arguments: str) -> RefNode | None:
    info.context.require(repo, "contents:read")
    return await find_ref(info.context, repo, arguments["qualifiedName"])


@field("Repository", "refs")
async def refs(repo: Repository, info: Info, **arguments: Any) -> Connection:
    """List the refs below a prefix by name; `query` is looked for inside the name."""
    info.context.require(repo, "contents:read")
    prefix, query = arguments["refPrefix"], arguments.get("query") or ""
    names = await git_of(info, repo).refs()
    found = [
        RefNode(repo, name, sha)
        for name, sha in sorted(names.items())
        if name.startswith(prefix) and query.lower() in name.removeprefix(prefix).lower()
    ]
    direction = arguments.get("direction") or (arguments.get("orderBy") or {}).get("direction")
    return Connection(found[::-1] if direction == "DESC" else found, **arguments)


# ---- refs ----


@field("Ref", "repository")
@field(OBJECTS, "repository")
def repository(source: RefNode | RepositoryNode, _info: Info) -> Repository:
    return source.repo


@field("Ref", "target")
async def target(source: RefNode, info: Info) -> RepositoryNode | None:
    return await git_object(info.context, source.repo, source.sha)


@field("Ref", "associatedPullRequests")
def pulls_of_ref(source: RefNode, info: Info, **arguments: Any) -> Connection:
    world = info.context.world
    pulls = [pull for pull in world.pulls_from(source.repo) if pull.head_ref == source.name]
    return Connection(select_pulls(world, pulls, arguments), **arguments)


@field("Ref", "compare")
async def compare(source: RefNode, info: Info, **arguments: str) -> ComparisonNode | None:
    """Compare another ref (`headRef`) with this one as the base."""
    git = git_of(info, source.repo)
    base, head = await git.resolve(source.full_name), await git.resolve(arguments["headRef"])
    if base is None or head is None:
        return None
    ahead, behind = await git.ahead_behind(base, head)
    return ComparisonNode(source.repo, base, head, ahead, behind)


@field("Comparison", "status")
def comparison_status(source: ComparisonNode, _info: Info) -> str:
    if source.ahead_by and source.behind_by:
        return "DIVERGED"
    return "AHEAD" if source.ahead_by else "BEHIND" if source.behind_by else "IDENTICAL"


@field("Comparison", "baseTarget")
def base_target(source: ComparisonNode, _info: Info) -> CommitNode:
    return CommitNode(source.repo, source.base)


@field("Comparison", "headTarget")
def head_target(source: ComparisonNode, _info: Info) -> CommitNode:
    return CommitNode(source.repo, source.head)


@field("Comparison", "commits")
async def comparison_commits(source: ComparisonNode, info: Info, **page: Any) -> Connection:
    shas = await git_of(info, source.repo).commits_between(source.base, source.head)
    return Connection(shas, node=lambda sha: CommitNode(source.repo, sha), **page)


constant("ComparisonCommitConnection", 1, "authorCount")

# ---- all objects ----


@field(OBJECTS, "oid")
def oid(source: RepositoryNode, _info: Info) -> str:
    return source.sha


@field(OBJECTS, "abbreviatedOid")
def abbreviated_oid(source: RepositoryNode, _info: Info) -> str:
    return source.sha[:7]


@field("Commit", "resourcePath")
@field(OBJECTS, "commitResourcePath")
def commit_path(source: RepositoryNode, info: Info) -> str:
    return paths.of_commit(info.context.world, source.repo, source.sha)


@field("Commit", "url")
@field(OBJECTS, "commitUrl")
def commit_url(source: RepositoryNode, info: Info) -> str:
    return info.context.world.base_url + commit_path(source, info)


# ---- commits ----


@field("Commit", "message")
async def message(source: CommitNode, info: Info) -> str:
    return (await commit_of(info, source)).message.rstrip("\n")


@field("Commit", "messageHeadline")
async def message_headline(source: CommitNode, info: Info) -> str:
    return (await commit_of(info, source)).message.partition("\n")[0]


@field("Commit", "messageBody")
async def message_body(source: CommitNode, info: Info) -> str:
    return (await commit_of(info, source)).message.partition("\n")[2].strip("\n")


@field("Commit", "author")
async def author(source: CommitNode, info: Info) -> Signature:
    return (await commit_of(info, source)).author


@field("Commit", "committer")
async def committer(source: CommitNode, info: Info) -> Signature:
    return (await commit_of(info, source)).committer


@field("Commit", "authoredDate")
async def authored_date(source: CommitNode, info: Info) -> Any:
    return (await commit_of(info, source)).author.date


@field("Commit", "committedDate")
async def committed_date(source: CommitNode, info: Info) -> Any:
    return (await commit_of(info, source)).committer.date


@field("GitActor", "user")
def git_user(source: Signature, info: Info) -> User | None:
    users = info.context.world.state.users.values()
    return next((user for user in users if user.email == source.email and user.type == "User"), None)


@field("GitActor", "avatarUrl")
def git_avatar(source: Signature, info: Info, **_arguments: Any) -> str:
    user = git_user(source, info)
    return f"{info.context.world.base_url}/_sandbox/avatars/{user.id if user else 0}"


@field("Commit", "parents")
async def parents(source: CommitNode, info: Info, **page: Any) -> Connection:
    shas = (await commit_of(info, source)).parents
    return Connection(shas, node=lambda sha: CommitNode(source.repo, sha), **page)


@field("Commit", "tree")
async def tree(source: CommitNode, info: Info) -> TreeNode:
    return TreeNode(source.repo, (await commit_of(info, source)).tree)


@field("Commit", "treeResourcePath")
def tree_path(source: CommitNode, info: Info) -> str:
    return paths.of_tree(info.context.world, source.repo, source.sha)


@field("Commit", "treeUrl")
def tree_url(source: CommitNode, info: Info) -> str:
    return info.context.world.base_url + tree_path(source, info)


@field("Commit", "history")
async def history(source: CommitNode, info: Info, **arguments: Any) -> Connection:
    """List the commits from this one back, newest first, those of `since` to `until` if given."""
    git = git_of(info, source.repo)
    shas = await git.history(source.sha, path=arguments.get("path"))
    since, until = arguments.get("since"), arguments.get("until")
    if since or until:
        dates = {sha: (await git.commit(sha)).committer.date for sha in shas}
        shas = [
            sha
            for sha in shas
            if (not since or dates[sha] >= moment(since)) and (not until or dates[sha] <= moment(until))
        ]
    return Connection(shas, node=lambda sha: CommitNode(source.repo, sha), **arguments)


@field("Commit", "associatedPullRequests")
async def pulls_of_commit(source: CommitNode, info: Info, **page: Any) -> Connection:
    """List the pulls that brought this commit, or would."""
    world = info.context.world
    found = [one for one in world.pulls_of(source.repo) if await pulls.holds(world, source.repo, one, source.sha)]
    return Connection(found, **page)


@field("Commit", "statusCheckRollup")
def rollup(source: CommitNode, info: Info) -> RollupNode | None:
    world = info.context.world
    has_any = world.rolled_up_runs_of(source.repo, source.sha) or world.statuses_of(source.repo, source.sha)
    return RollupNode(source.repo, source.sha) if has_any else None


@field("Commit", "status")
def status(source: CommitNode, info: Info) -> StatusNode | None:
    statuses = info.context.world.statuses_of(source.repo, source.sha)
    return StatusNode(source.repo, source.sha) if statuses else None


# ---- trees and blobs ----


def _entry(repo: Repository, entry: TreeEntry, path: str) -> dict[str, Any]:
    return {
        "repository": repo,
        "name": entry.path.rsplit("/", 1)[-1],
        "path": path,
        "mode": int(entry.mode, 8),
        "type": entry.type,
        "oid": entry.sha,
    }


@field("Commit", "file")
async def file(source: CommitNode, info: Info, path: str) -> dict[str, Any] | None:
    entry = await git_of(info, source.repo).entry((await commit_of(info, source)).tree, path.strip("/"))
    return None if entry is None else _entry(source.repo, entry, path.strip("/"))


@field("Tree", "entries")
async def entries(source: TreeNode, info: Info) -> list[dict[str, Any]]:
    return [_entry(source.repo, entry, entry.path) for entry in await git_of(info, source.repo).tree(source.sha)]


@field("TreeEntry", "object")
async def entry_object(source: dict[str, Any], info: Info) -> RepositoryNode | None:
    return await git_object(info.context, source["repository"], source["oid"])


@field("TreeEntry", "size")
async def entry_size(source: dict[str, Any], info: Info) -> int:
    return await git_of(info, source["repository"]).size(source["oid"]) if source["type"] == "blob" else 0


@field("Blob", "byteSize")
async def byte_size(source: BlobNode, info: Info) -> int:
    return len(await git_of(info, source.repo).blob(source.sha))


@field("Blob", "isBinary")
async def is_binary(source: BlobNode, info: Info) -> bool:
    return b"\0" in (await git_of(info, source.repo).blob(source.sha))[:8000]


@field("Blob", "isTruncated")
async def is_truncated(source: BlobNode, info: Info) -> bool:
    return len(await git_of(info, source.repo).blob(source.sha)) > MAX_TEXT


@field("Blob", "text")
async def text(source: BlobNode, info: Info) -> str | None:
    if await is_binary(source, info):
        return None
    data = await git_of(info, source.repo).blob(source.sha)
    return data[:MAX_TEXT].decode("utf-8", "replace")


@field("Tag", "name")
async def tag_name(source: TagNode, info: Info) -> str:
    return (await git_of(info, source.repo).tag(source.sha)).name


@field("Tag", "message")
async def tag_message(source: TagNode, info: Info) -> str:
    return (await git_of(info, source.repo).tag(source.sha)).message


@field("Tag", "tagger")
async def tagger(source: TagNode, info: Info) -> Signature | None:
    return (await git_of(info, source.repo).tag(source.sha)).tagger


@field("Tag", "target")
async def tag_target(source: TagNode, info: Info) -> RepositoryNode | None:
    return await git_object(info.context, source.repo, (await git_of(info, source.repo).tag(source.sha)).object)
