"""JSON of commits, changed files and git objects."""

from sandbox.git_diff import FileChange
from sandbox.git_objects import CommitObject, Signature
from sandbox.model import Json, Repository, User, encode_node_id
from sandbox.shapes.accounts import user_shape, when
from sandbox.shapes.repositories import repository_api, repository_page
from sandbox.world import World

UNSIGNED: Json = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def commit_node_id(repo: Repository, sha: str) -> str:
    """Return a commit's global id."""
    return encode_node_id("C", repo.id, sha)


def user_of_signature(world: World, signature: Signature) -> User | None:
    """Return the account whose no-reply address a commit carries."""
    number = signature.email.partition("+")[0]
    user = world.state.users.get(int(number)) if number.isdigit() else None
    return user if user and user.email == signature.email else None


def signature_shape(signature: Signature) -> Json:
    """Return a git author or committer."""
    return {"name": signature.name, "email": signature.email, "date": when(signature.date)}


def git_commit_shape(world: World, repo: Repository, commit: CommitObject) -> Json:
    """Return a commit as `/git/commits` shows it."""
    api, page = repository_api(world, repo), repository_page(world, repo)
    return {
        "sha": commit.sha,
        "node_id": commit_node_id(repo, commit.sha),
        "url": f"{api}/git/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}",
        "author": signature_shape(commit.author),
        "committer": signature_shape(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
        "parents": [
            {"sha": sha, "url": f"{api}/git/commits/{sha}", "html_url": f"{page}/commit/{sha}"}
            for sha in commit.parents
        ],
        "verification": UNSIGNED,
    }


def commit_shape(world: World, repo: Repository, commit: CommitObject) -> Json:
    """Return a commit as `/commits` shows it, without its files."""
    api, page = repository_api(world, repo), repository_page(world, repo)
    author, committer = user_of_signature(world, commit.author), user_of_signature(world, commit.committer)
    return {
        "sha": commit.sha,
        "node_id": commit_node_id(repo, commit.sha),
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}",
        "comments_url": f"{api}/commits/{commit.sha}/comments",
        "commit": {
            "url": f"{api}/git/commits/{commit.sha}",
            "author": signature_shape(commit.author),
            "committer": signature_shape(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "author": user_shape(world, author) if author else None,
        "committer": user_shape(world, committer) if committer else None,
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in commit.parents
        ],
    }


def file_shape(world: World, repo: Repository, change: FileChange, sha: str) -> Json:
    """Return a changed file (REST "diff entry") as of the commit `sha`."""
    api, page = repository_api(world, repo), repository_page(world, repo)
    shape: Json = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{sha}/{change.path}",
        "raw_url": f"{page}/raw/{sha}/{change.path}",
        "contents_url": f"{api}/contents/{change.path}?ref={sha}",
    }
    if change.patch is not None:
        shape["patch"] = change.patch
    if change.previous is not None:
        shape["previous_filename"] = change.previous
    return shape


def simple_commit_shape(commit: CommitObject) -> Json:
    """Return the "simple commit" of check suites."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": when(commit.committer.date),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def pushed_commit_shape(world: World, repo: Repository, commit: CommitObject, changes: list[FileChange]) -> Json:
    """Return a commit as push webhooks list it."""
    page = repository_page(world, repo)
    author, committer = user_of_signature(world, commit.author), user_of_signature(world, commit.committer)
    shape = simple_commit_shape(commit)
    for key, user in (("author", author), ("committer", committer)):
        if user:
            shape[key]["username"] = user.login
    return shape | {
        "distinct": True,
        "url": f"{page}/commit/{commit.sha}",
        "added": [change.path for change in changes if change.status in ("added", "renamed", "copied")],
        "removed": [change.previous or change.path for change in changes if change.status in ("removed", "renamed")],
        "modified": [change.path for change in changes if change.status in ("modified", "changed")],
    }


def ref_shape(world: World, repo: Repository, name: str, sha: str, kind: str) -> Json:
    """Return a ref; `kind` is the type of the object it points to."""
    api = repository_api(world, repo)
    folder = {"commit": "commits", "tag": "tags", "tree": "trees", "blob": "blobs"}[kind]
    return {
        "ref": name,
        "node_id": encode_node_id("REF", repo.id, name),
        "url": f"{api}/git/{name}",
        "object": {"sha": sha, "type": kind, "url": f"{api}/git/{folder}/{sha}"},
    }
