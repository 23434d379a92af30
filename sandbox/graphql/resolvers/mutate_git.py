"""Mutations on refs and commits."""

import base64
import binascii
from typing import Any

from sandbox.errors import ApiError
from sandbox.graphql.context import Context
from sandbox.graphql.errors import QueryError, not_found
from sandbox.graphql.lookup import expect, repository
from sandbox.graphql.nodes import CommitNode, RefNode
from sandbox.model import Repository
from sandbox.operations import commits, refs

from .mutation import Payload, mutation, the_repository


@mutation("updateRefs")
async def update_refs(context: Context, given: dict[str, Any]) -> Payload:
    """Move, create and delete refs together: all of them or none (docs.github.com/graphql, updateRefs)."""
    repo = await the_repository(context, given["repositoryId"])
    updates = [
        refs.RefUpdate(
            name=one["name"],
            before=one.get("beforeOid"),
            after=one["afterOid"],
            force=one.get("force") or False,
        )
        for one in given["refUpdates"]
    ]
    await refs.update_refs(context.world, context.actor, repo, updates)
    return {}


@mutation("createRef")
async def create_ref(context: Context, given: dict[str, Any]) -> Payload:
    repo = await the_repository(context, given["repositoryId"])
    await refs.create_ref(context.world, context.actor, repo, name=given["name"], sha=given["oid"])
    return {"ref": RefNode(repo, given["name"], given["oid"])}


@mutation("updateRef")
async def update_ref(context: Context, given: dict[str, Any]) -> Payload:
    ref = await expect(context, given["refId"], RefNode, "Ref")
    force = given.get("force") or False
    await refs.update_ref(context.world, context.actor, ref.repo, name=ref.full_name, sha=given["oid"], force=force)
    return {"ref": RefNode(ref.repo, ref.full_name, given["oid"])}


@mutation("deleteRef")
async def delete_ref(context: Context, given: dict[str, Any]) -> Payload:
    ref = await expect(context, given["refId"], RefNode, "Ref")
    await refs.delete_ref(context.world, context.actor, ref.repo, name=ref.full_name)
    return {}


@mutation("createCommitOnBranch")
async def create_commit_on_branch(context: Context, given: dict[str, Any]) -> Payload:
    """Commit on top of a branch whose tip the caller knows; without changes the commit is empty, and allowed."""
    repo, branch = await _branch(context, given["branch"])
    changes, message = given.get("fileChanges") or {}, given["message"]
    text = message["headline"] + (f"\n\n{message['body']}" if message.get("body") else "")
    additions = {one["path"]: _decoded(one) for one in changes.get("additions") or ()}
    try:
        sha = await commits.create_commit_on_branch(
            context.world,
            context.actor,
            repo,
            branch=branch,
            expected_head=given["expectedHeadOid"],
            message=text,
            additions=additions,
            deletions=[one["path"] for one in changes.get("deletions") or ()],
        )
    except ApiError as error:
        if error.status == 409:
            raise QueryError("STALE_DATA", error.message) from error
        raise
    return {"commit": CommitNode(repo, sha), "ref": RefNode(repo, f"refs/heads/{branch}", sha)}


async def _branch(context: Context, given: dict[str, Any]) -> tuple[Repository, str]:
    """Return the branch that is named by its id, or by repository and name."""
    if given.get("id"):
        ref = await expect(context, given["id"], RefNode, "Ref")
        return ref.repo, ref.name
    owner, slash, name = (given.get("repositoryNameWithOwner") or "").partition("/")
    if not slash or not given.get("branchName"):
        raise not_found("Could not resolve to a branch: give an id, or repositoryNameWithOwner and branchName.")
    return repository(context, owner, name), given["branchName"].removeprefix("refs/heads/")


def _decoded(addition: dict[str, str]) -> bytes:
    try:
        return base64.b64decode(addition["contents"], validate=True)
    except binascii.Error as error:
        raise QueryError("UNPROCESSABLE", f"The contents of {addition['path']} are not Base64.") from error
