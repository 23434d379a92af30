"""Mutations on issues, comments, labels and reactions."""

from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Context
from sandbox.graphql.errors import not_found
from sandbox.graphql.lookup import expect, find
from sandbox.model import Comment, Issue, Label, Reaction, Repository
from sandbox.operations import comments, issues, labels, reactions

from .mutation import Payload, label_names, logins, mutation, the_comment, the_repository, the_thread
from .reactions import CONTENTS

# ---- labels ----


@mutation("createLabel")
async def create_label(context: Context, given: dict[str, Any]) -> Payload:
    repo = await the_repository(context, given["repositoryId"])
    label = await labels.create_label(
        context.world,
        context.actor,
        repo,
        name=given["name"],
        color=given["color"].removeprefix("#"),
        description=given.get("description"),
    )
    return {"label": label}


@mutation("updateLabel")
async def update_label(context: Context, given: dict[str, Any]) -> Payload:
    label = await expect(context, given["id"], Label, "Label")
    names = {"name": "new_name", "color": "color", "description": "description"}
    changes = {rest: given[name] for name, rest in names.items() if name in given}
    repo = context.world.repository_of(label)
    return {"label": await labels.update_label(context.world, context.actor, repo, label, changes)}


@mutation("deleteLabel")
async def delete_label(context: Context, given: dict[str, Any]) -> Payload:
    label = await expect(context, given["id"], Label, "Label")
    await labels.delete_label(context.world, context.actor, context.world.repository_of(label), label)
    return {}


@mutation("addLabelsToLabelable")
async def add_labels(context: Context, given: dict[str, Any]) -> Payload:
    repo, thread = await the_thread(context, given["labelableId"], "Labelable")
    names = await label_names(context, given["labelIds"])
    await labels.add_labels(context.world, context.actor, repo, thread, names)
    return {"labelable": thread}


@mutation("removeLabelsFromLabelable")
async def remove_labels(context: Context, given: dict[str, Any]) -> Payload:
    """Take labels off; one that is not on it is passed over."""
    repo, thread = await the_thread(context, given["labelableId"], "Labelable")
    for name in await label_names(context, given["labelIds"]):
        if name in [label.name for label in context.world.labels_of(thread)]:
            await labels.remove_label(context.world, context.actor, repo, thread, name)
    return {"labelable": thread}


# ---- comments ----


@mutation("addComment")
async def add_comment(context: Context, given: dict[str, Any]) -> Payload:
    repo, thread = await the_thread(context, given["subjectId"], "Node")
    comment = await comments.add_comment(context.world, context.actor, repo, thread, given["body"])
    edge = Connection(context.world.comments_of(thread), last=1).edges[-1]
    return {"commentEdge": edge | {"node": comment}, "subject": thread}


@mutation("updateIssueComment")
async def update_issue_comment(context: Context, given: dict[str, Any]) -> Payload:
    repo, comment = await the_comment(context, given["id"])
    return {"issueComment": await comments.edit_comment(context.world, context.actor, repo, comment, given["body"])}


@mutation("deleteIssueComment")
async def delete_issue_comment(context: Context, given: dict[str, Any]) -> Payload:
    repo, comment = await the_comment(context, given["id"])
    await comments.delete_comment(context.world, context.actor, repo, comment)
    return {}


@mutation("minimizeComment")
async def minimize_comment(context: Context, given: dict[str, Any]) -> Payload:
    """Fold a comment away; GitHub shows the reason as `off-topic`, `outdated`, ..."""
    repo, comment = await the_comment(context, given["subjectId"])
    reason = given["classifier"].lower().replace("_", "-")
    await comments.minimize_comment(context.world, context.actor, repo, comment, reason)
    return {"minimizedComment": comment}


# ---- reactions ----


async def _subject(context: Context, node_id: str) -> tuple[Repository, Issue | Comment]:
    subject = await find(context, node_id)
    if not isinstance(subject, Issue | Comment):
        raise not_found(f"Could not resolve to Reactable node with the global id of '{node_id}'.")
    return context.world.repository_of(subject), subject


def _reacted(context: Context, subject: Issue | Comment, content: str) -> Reaction | None:
    """Return the caller's own reaction of that content."""
    mine = context.actor.user.id if context.actor.user else None
    found = context.world.reactions_of(subject)
    return next((one for one in found if (one.user_id, one.content) == (mine, content)), None)


@mutation("addReaction")
async def add_reaction(context: Context, given: dict[str, Any]) -> Payload:
    repo, subject = await _subject(context, given["subjectId"])
    content = CONTENTS[given["content"]]
    reaction, _created = await reactions.add_reaction(context.world, context.actor, repo, subject, content)
    return {"reaction": reaction, "subject": subject}


@mutation("removeReaction")
async def remove_reaction(context: Context, given: dict[str, Any]) -> Payload:
    """Take the caller's reaction back; without one there is nothing to do."""
    repo, subject = await _subject(context, given["subjectId"])
    reaction = _reacted(context, subject, CONTENTS[given["content"]])
    if reaction is not None:
        await reactions.remove_reaction(context.world, context.actor, repo, subject, reaction)
    return {"reaction": reaction, "subject": subject}


# ---- issues ----


@mutation("createIssue")
async def create_issue(context: Context, given: dict[str, Any]) -> Payload:
    repo = await the_repository(context, given["repositoryId"])
    issue = await issues.create_issue(
        context.world,
        context.actor,
        repo,
        title=given["title"],
        body=given.get("body"),
        labels=await label_names(context, given.get("labelIds", [])),
        assignees=await logins(context, given.get("assigneeIds", [])),
    )
    return {"issue": issue}


@mutation("updateIssue")
async def update_issue(context: Context, given: dict[str, Any]) -> Payload:
    repo, issue = await the_thread(context, given["id"])
    changes: dict[str, Any] = {key: given[key] for key in ("title", "body") if key in given}
    if "state" in given:
        changes["state"] = given["state"].lower()
    if "labelIds" in given:
        changes["labels"] = await label_names(context, given["labelIds"])
    if "assigneeIds" in given:
        changes["assignees"] = await logins(context, given["assigneeIds"])
    changed = await issues.update_issue(context.world, context.actor, repo, issue, changes)
    return {"issue": changed, "actor": context.actor.user}


@mutation("closeIssue")
async def close_issue(context: Context, given: dict[str, Any]) -> Payload:
    repo, issue = await the_thread(context, given["issueId"])
    changes = {"state": "closed", "state_reason": given.get("stateReason", "COMPLETED").lower()}
    return {"issue": await issues.update_issue(context.world, context.actor, repo, issue, changes)}


@mutation("reopenIssue")
async def reopen_issue(context: Context, given: dict[str, Any]) -> Payload:
    repo, issue = await the_thread(context, given["issueId"])
    return {"issue": await issues.update_issue(context.world, context.actor, repo, issue, {"state": "open"})}
