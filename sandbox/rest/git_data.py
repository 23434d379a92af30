"""REST: refs, commits, trees, blobs and tags, and merging branches."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.errors import ApiError, not_found
from sandbox.git_objects import EMPTY_TREE, Signature, TagObject, TreeEntry, format_signature
from sandbox.model import Json, encode_node_id
from sandbox.operations import commits, refs
from sandbox.operations.access import require
from sandbox.operations.pulls import signature
from sandbox.rest.call import Call, answer, found, nothing
from sandbox.shapes.git import UNSIGNED, commit_shape, git_commit_shape, ref_shape, signature_shape
from sandbox.shapes.repositories import repository_api

routes = web.RouteTableDef()
ROOT = "/repos/{owner}/{repo}"
GIT = ROOT + "/git"
TREE_LIMIT = 100_000  # docs.github.com/rest/git/trees
MODES = ("100644", "100755", "040000", "160000", "120000")


async def _ref(call: Call, name: str, sha: str) -> Json:
    return ref_shape(call.world, call.repo, name, sha, await call.git.kind(sha) or "commit")


@routes.get(GIT + "/ref/{ref:.+}")
async def get_ref(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    name = f"refs/{call.part('ref')}"
    return answer(await _ref(call, name, found(await call.git.ref(name))))


@routes.get(GIT + "/matching-refs/{ref:.*}")
async def matching_refs(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    prefix = f"refs/{call.part('ref')}"
    page, headers = call.page([item for item in (await call.git.refs()).items() if item[0].startswith(prefix)])
    return answer([await _ref(call, name, sha) for name, sha in page], headers=headers)


@routes.post(GIT + "/refs")
async def create_ref(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("ref", "sha")
    name, sha = str(body["ref"]), str(body["sha"])
    await refs.create_ref(call.world, call.actor, call.repo, name=name, sha=sha)
    shape = await _ref(call, name, sha)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.patch(GIT + "/refs/{ref:.+}")
async def update_ref(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("sha")
    name, sha = f"refs/{call.part('ref')}", str(body["sha"])
    await refs.update_ref(call.world, call.actor, call.repo, name=name, sha=sha, force=bool(body.get("force")))
    return answer(await _ref(call, name, sha))


@routes.delete(GIT + "/refs/{ref:.+}")
async def delete_ref(request: web.Request) -> web.Response:
    call = Call(request)
    await refs.delete_ref(call.world, call.actor, call.repo, name=f"refs/{call.part('ref')}")
    return nothing()


# ---- commits ----


def _signature(call: Call, given: Json | None, default: Signature) -> Signature:
    if not given:
        return default
    text = given.get("date")
    date = datetime.fromisoformat(text).astimezone(UTC) if text else default.date
    return Signature(str(given.get("name") or default.name), str(given.get("email") or default.email), date)


@routes.post(GIT + "/commits")
async def create_commit(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:write")
    body = await call.body("message", "tree")
    tree, parents = str(body["tree"]), [str(parent) for parent in body.get("parents") or []]
    if await call.git.kind(tree) != "tree":
        raise ApiError(422, "Tree SHA does not exist")
    if tree == EMPTY_TREE:
        call.git.write_tree([])
    for parent in parents:
        if await call.git.kind(parent) != "commit":
            raise ApiError(422, f"Parent SHA does not exist or is not a commit object: {parent}")
    assert call.actor.user is not None
    author = _signature(call, body.get("author"), signature(call.world, call.actor.user))
    committer = _signature(call, body.get("committer"), author)
    sha = call.git.write_commit(tree, parents, str(body["message"]), author, committer)
    shape = git_commit_shape(call.world, call.repo, await call.git.commit(sha))
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(GIT + "/commits/{sha}")
async def get_commit(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    if await call.git.kind(call.part("sha")) != "commit":
        raise not_found()
    return answer(git_commit_shape(call.world, call.repo, await call.git.commit(call.part("sha"))))


# ---- trees and blobs ----


async def _tree_shape(call: Call, sha: str, *, recursive: bool) -> Json:
    api = repository_api(call.world, call.repo)
    listing = []
    for entry in (await call.git.tree(sha, recursive=recursive))[: TREE_LIMIT + 1]:
        folder = {"tree": "trees", "blob": "blobs"}.get(entry.type, "commits")
        item: Json = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        if entry.type == "blob":
            item["size"] = await call.git.size(entry.sha)
        listing.append(item | {"url": f"{api}/git/{folder}/{entry.sha}"})
    truncated = len(listing) > TREE_LIMIT
    return {"sha": sha, "url": f"{api}/git/trees/{sha}", "tree": listing[:TREE_LIMIT], "truncated": truncated}


@routes.get(GIT + "/trees/{sha:.+}")
async def get_tree(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    sha = call.part("sha")
    if await call.git.kind(sha) != "tree":
        sha = (await call.git.commit(found(await call.git.resolve(sha)))).tree
    return answer(await _tree_shape(call, sha, recursive="recursive" in request.query))


async def _edits(call: Call, items: list[Json]) -> dict[str, TreeEntry | None]:
    edits: dict[str, TreeEntry | None] = {}
    for item in items:
        path, mode = str(item.get("path", "")), item.get("mode", "100644")
        if not path or mode not in MODES:
            raise ApiError(422, "tree.path and a valid tree.mode must be supplied")
        if "content" in item and item.get("sha"):
            raise ApiError(422, "Must supply either tree.sha or tree.content.")
        if "content" in item:
            sha = call.git.write_blob(str(item["content"]).encode())
        elif item.get("sha") is None:
            edits[path] = None
            continue
        else:
            sha = str(item["sha"])
            if mode != "160000" and await call.git.kind(sha) is None:
                raise ApiError(422, f"tree.sha {sha} is not a valid object")
        kind = {"040000": "tree", "160000": "commit"}.get(str(mode), "blob")
        edits[path] = TreeEntry(str(mode), kind, sha, path)
    return edits


@routes.post(GIT + "/trees")
async def create_tree(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:write")
    body = await call.body("tree")
    base = body.get("base_tree") or EMPTY_TREE
    if await call.git.kind(base) == "commit":
        base = (await call.git.commit(base)).tree
    if await call.git.kind(base) != "tree":
        raise ApiError(422, "base_tree is not a valid tree")
    try:
        sha = await call.git.edit_tree(base, await _edits(call, body["tree"]))
    except KeyError as error:
        raise ApiError(422, "GitRPC::BadObjectState") from error  # GitHub's words for deleting what is not there
    shape = await _tree_shape(call, sha, recursive=False)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.post(GIT + "/blobs")
async def create_blob(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:write")
    body = await call.body("content")
    data = decode(str(body["content"])) if body.get("encoding") == "base64" else str(body["content"]).encode()
    sha = call.git.write_blob(data)
    url = f"{repository_api(call.world, call.repo)}/git/blobs/{sha}"
    return answer({"url": url, "sha": sha}, 201, {"Location": url})


def decode(text: str) -> bytes:
    """Return the bytes of a base64 text; line breaks are fine; 422 if it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ApiError(422, "content is not valid Base64") from error


@routes.get(GIT + "/blobs/{sha}")
async def get_blob(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    sha = call.part("sha")
    if await call.git.kind(sha) != "blob":
        raise not_found()
    data = await call.git.blob(sha)
    shape: dict[str, Any] = {
        "sha": sha,
        "node_id": encode_node_id("B", call.repo.id, sha),
        "url": f"{repository_api(call.world, call.repo)}/git/blobs/{sha}",
        "content": base64.encodebytes(data).decode(),
        "encoding": "base64",
        "size": len(data),
    }
    return answer(shape)


# ---- tags and merges ----


def _tag_shape(call: Call, tag: TagObject) -> Json:
    api = repository_api(call.world, call.repo)
    folder = {"commit": "commits", "tree": "trees", "blob": "blobs"}.get(tag.type, "tags")
    return {
        "node_id": encode_node_id("TA", call.repo.id, tag.sha),
        "tag": tag.name,
        "sha": tag.sha,
        "url": f"{api}/git/tags/{tag.sha}",
        "message": tag.message,
        "tagger": signature_shape(tag.tagger) if tag.tagger else None,
        "object": {"sha": tag.object, "type": tag.type, "url": f"{api}/git/{folder}/{tag.object}"},
        "verification": UNSIGNED,
    }


@routes.post(GIT + "/tags")
async def create_tag(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:write")
    body = await call.body("tag", "message", "object", "type")
    if await call.git.kind(str(body["object"])) != body["type"]:
        raise ApiError(422, "Object does not exist")
    assert call.actor.user is not None
    tagger = _signature(call, body.get("tagger"), signature(call.world, call.actor.user))
    head = f"object {body['object']}\ntype {body['type']}\ntag {body['tag']}\ntagger {format_signature(tagger)}\n\n"
    sha = call.git.write_tag((head + str(body["message"])).encode())
    shape = _tag_shape(call, await call.git.tag(sha))
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(GIT + "/tags/{sha}")
async def get_tag(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    if await call.git.kind(call.part("sha")) != "tag":
        raise not_found()
    return answer(_tag_shape(call, await call.git.tag(call.part("sha"))))


@routes.post(ROOT + "/merges")
async def merge(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("base", "head")
    sha = await commits.merge_branch(
        call.world,
        call.actor,
        call.repo,
        base=str(body["base"]),
        head=str(body["head"]),
        message=body.get("commit_message"),
    )
    if sha is None:
        return nothing()
    return answer(commit_shape(call.world, call.repo, await call.git.commit(sha)), 201)
