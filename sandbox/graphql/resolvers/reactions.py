"""Reactions and their groups; GraphQL has other names for the contents than REST."""

from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Info
from sandbox.graphql.lookup import subject_of
from sandbox.graphql.registry import TYPES, field
from sandbox.model import Comment, Issue, Reaction, User

REACTABLES = "Issue PullRequest IssueComment"
#: GraphQL's name -> REST's, in the order in which GitHub lists the groups.
CONTENTS = {
    "THUMBS_UP": "+1",
    "THUMBS_DOWN": "-1",
    "LAUGH": "laugh",
    "HOORAY": "hooray",
    "CONFUSED": "confused",
    "HEART": "heart",
    "ROCKET": "rocket",
    "EYES": "eyes",
}
NAMES = {rest: name for name, rest in CONTENTS.items()}

TYPES[Reaction] = "Reaction"


class ReactionPage(Connection):
    """A page of reactions, which also says whether the caller is among them."""

    viewer_has_reacted = False


def has_reacted(info: Info, reactions: list[Reaction]) -> bool:
    user = info.context.actor.user
    return user is not None and any(one.user_id == user.id for one in reactions)


@field(REACTABLES, "reactions")
def reactions(source: Issue | Comment, info: Info, content: str | None = None, **page: Any) -> ReactionPage:
    wanted = CONTENTS[content] if content else None
    found = [one for one in info.context.world.reactions_of(source) if wanted in (None, one.content)]
    result = ReactionPage(found, **page)
    result.viewer_has_reacted = has_reacted(info, found)
    return result


@field(REACTABLES, "reactionGroups")
def reaction_groups(source: Issue | Comment, info: Info) -> list[dict[str, Any]]:
    """Return one group per content, also for those that nobody chose, as GitHub does."""
    every = info.context.world.reactions_of(source)
    groups = []
    for name, content in CONTENTS.items():
        found = [one for one in every if one.content == content]
        groups.append(
            {
                "content": name,
                "createdAt": found[0].created_at if found else None,
                "subject": source,
                "viewerHasReacted": has_reacted(info, found),
                "found": found,
            }
        )
    return groups


@field("ReactionGroup", "users")
def users(source: dict[str, Any], info: Info, **page: Any) -> Connection:
    world = info.context.world
    return Connection(source["found"], node=lambda one: world.state.users[one.user_id], **page)


@field("Reaction", "content")
def content(source: Reaction, _info: Info) -> str:
    return NAMES[source.content]


@field("Reaction", "user")
def user(source: Reaction, info: Info) -> User:
    return info.context.world.state.users[source.user_id]


@field("Reaction", "reactable")
def reactable(source: Reaction, info: Info) -> Issue | Comment:
    return subject_of(info.context, source)


@field("AddReactionPayload RemoveReactionPayload", "reactionGroups")
def groups_of_subject(source: dict[str, Any], info: Info) -> list[dict[str, Any]]:
    return reaction_groups(source["subject"], info)
