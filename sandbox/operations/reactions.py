"""Reactions to issues, pulls and comments; GitHub sends no webhooks for them."""

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid, not_found
from sandbox.model import Comment, Issue, Reaction, Repository
from sandbox.operations.access import require
from sandbox.shapes.threads import REACTIONS
from sandbox.world import World


async def add_reaction(
    world: World, actor: Actor, repo: Repository, subject: Issue | Comment, content: str
) -> tuple[Reaction, bool]:
    """React; return the reaction and whether it is new (REST: 201 new, 200 there already)."""
    require(actor, repo, "issues:write|pull_requests:write", role="read")
    if content not in REACTIONS:
        raise invalid("Reaction", "content")
    for reaction in world.reactions_of(subject):
        if (reaction.user_id, reaction.content) == (actor.id, content):
            return reaction, False
    reaction = Reaction(world.new_id(), subject.id, actor.id, content, world.clock.now())
    world.state.reactions[reaction.id] = reaction
    return reaction, True


async def remove_reaction(
    world: World, actor: Actor, repo: Repository, subject: Issue | Comment, reaction: Reaction
) -> None:
    """Take back one's own reaction; 404 if it is not on the subject, 403 if it is somebody else's."""
    require(actor, repo, "issues:write|pull_requests:write", role="read")
    if reaction.subject_id != subject.id or reaction.id not in world.state.reactions:
        raise not_found()
    if reaction.user_id != actor.id:
        raise ApiError(403, "Resource not accessible by integration" if actor.is_app else "Forbidden")
    del world.state.reactions[reaction.id]
