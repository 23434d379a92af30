"""Reviews of pulls: submitting and dismissing."""

from typing import Literal

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid
from sandbox.events import emit
from sandbox.model import Pull, Repository, Review
from sandbox.operations.access import require
from sandbox.shapes.accounts import when
from sandbox.shapes.threads import review_shape, simple_pull_shape
from sandbox.world import World

WRITE = "pull_requests:write"
STATES: dict[str, Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}


def _tell(world: World, actor: Actor, repo: Repository, pull: Pull, review: Review, action: str) -> None:
    shape = review_shape(world, review)
    shape |= {"state": review.state.lower(), "updated_at": when(review.updated_at)}
    payload = {"action": action, "review": shape, "pull_request": simple_pull_shape(world, pull)}
    emit(world, actor, repo, "pull_request_review", payload)


async def submit_review(
    world: World,
    actor: Actor,
    repo: Repository,
    pull: Pull,
    *,
    event: str,
    body: str = "",
    commit_sha: str | None = None,
) -> Review:
    """Submit a review; 422 for judging one's own pull, or for a text that GitHub demands and that is missing."""
    require(actor, repo, WRITE, role="read")
    if event not in STATES:
        raise invalid("PullRequestReview", "event")
    if event != "COMMENT" and pull.author_id == actor.id:
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise ApiError(422, "Unprocessable Entity", [f"Can not {verb} your own pull request"])
    if event != "APPROVE" and not body:
        raise ApiError(422, "Unprocessable Entity", ["Body can't be blank"])
    now = world.clock.now()
    sha = commit_sha or pull.head_sha
    review = Review(world.new_id(), pull.id, actor.id, STATES[event], body, sha, now, now)
    world.state.reviews[review.id] = review
    if actor.id in pull.requested_reviewer_ids:
        pull.requested_reviewer_ids.remove(actor.id)
    pull.updated_at = now
    _tell(world, actor, repo, pull, review, "submitted")
    return review


async def dismiss_review(
    world: World, actor: Actor, repo: Repository, pull: Pull, review: Review, message: str
) -> Review:
    """Take the weight off a review; 422 without a message, or if it is neither an approval nor a refusal."""
    require(actor, repo, WRITE)
    if not message:
        raise ApiError(422, "Validation Failed", ["Message can't be blank"])
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise ApiError(422, "Validation Failed", [f"Can not dismiss a {review.state.lower()} pull request review"])
    return await dismiss(world, actor, repo, pull, review)


async def dismiss(world: World, actor: Actor, repo: Repository, pull: Pull, review: Review) -> Review:
    """Dismiss without asking for rights: GitHub's own doing after a push, if the rules say so."""
    review.state = "DISMISSED"
    review.updated_at = world.clock.now()
    _tell(world, actor, repo, pull, review, "dismissed")
    return review
