"""Writing when reads in between take long or fail: nobody writes for a lane that is another's, nothing done is forgotten."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.actions import Action, Outcome, OutcomeKind, PostComment, PutCheck, TickIssue
from bot.core.model import IssueNumber, Key, NodeId
from bot.errors import LeaseLost, NotFound, RateLimited, ReadFailed
from bot.github.port import RepositoryRef
from bot.store import journal
from bot.worker.apply import LATEST, Applied, apply
from tests.build import sha
from tests.worker.fake import Fake
from tests.worker.lane import Lane

REPOSITORY = RepositoryRef(installation_id=5, full_name="octo/demo", node_id=NodeId("R_77"))
CHECK = PutCheck(
    run=None, head_sha=sha("W1"), status="queued", conclusion=None, title="", summary="", external_id="",
    details_url="",
)  # fmt: skip
A_TICK = TickIssue(issue=IssueNumber(5), keys=(Key("W1"),))
COMMENT = PostComment(journal_key="reply:1:1", number=5, subject=NodeId("I_5"), body="text")
OTHER = PostComment(journal_key="reply:2:1", number=6, subject=NodeId("I_6"), body="text")


def raises(error: Exception) -> Callable[[], Awaitable[None]]:
    async def happen() -> None:
        raise error

    return happen


async def applied(lane: Lane, *actions: Action) -> Applied:
    return await apply(lane.github, lane.database, await lane.claim(), REPOSITORY, actions)


async def intended(lane: Lane, *actions: PostComment | PutCheck, ago: timedelta = timedelta(minutes=1)) -> None:
    """Have an earlier, broken-off turn intend to write these."""
    lane_id = await lane.wake()
    async with lane.database.session() as session:
        await journal.intend(session, lane_id, [each.journal_key for each in actions], datetime.now(UTC) - ago)


async def still_intended(lane: Lane) -> list[str]:
    lane_id = await lane.wake()
    async with lane.database.session() as session:
        return [each.key for each in await journal.open_entries(session, lane_id)]


async def test_a_lease_lost_while_comments_are_looked_for_posts_none(lane: Lane, github: Fake) -> None:
    """Whoever took the lane over looked as well, found none, and posted."""
    await intended(lane, COMMENT)
    github.meanwhile["find_comment"] = lane.lose
    with pytest.raises(LeaseLost):
        await applied(lane, COMMENT)
    assert github.looked_for
    assert github.done == []
    assert await still_intended(lane) == [COMMENT.journal_key]


async def test_a_lease_lost_while_the_body_is_read_ticks_nothing(lane: Lane, github: Fake) -> None:
    github.meanwhile["issue_body"] = lane.lose
    with pytest.raises(LeaseLost):
        await applied(lane, A_TICK)
    assert github.body is None


async def test_one_who_lost_the_lane_while_writing_strikes_nothing_out(lane: Lane, github: Fake) -> None:
    """The entry may be the new owner's by then, and be all that tells of a comment."""

    async def lost() -> Outcome:
        await lane.lose()
        return Outcome(kind=OutcomeKind.LATER)

    github.answers[PostComment] = [lost]
    with pytest.raises(LeaseLost):
        await applied(lane, COMMENT)
    assert await still_intended(lane) == [COMMENT.journal_key]


async def test_a_read_that_fails_before_a_write_leaves_what_was_done(lane: Lane, github: Fake) -> None:
    retry_at = datetime.now(UTC) + timedelta(minutes=5)
    github.meanwhile["issue_body"] = raises(RateLimited("no more", retry_at))
    outcomes = (await applied(lane, CHECK, A_TICK, COMMENT)).outcomes
    assert outcomes[CHECK] == Outcome(kind=OutcomeKind.DONE, result=f"CR_{CHECK.head_sha[:8]}")
    assert (outcomes[A_TICK].kind, outcomes[A_TICK].detail) == (OutcomeKind.LATER, "no more")
    assert timedelta(minutes=4) < (outcomes[A_TICK].retry_after or timedelta()) <= timedelta(minutes=5)
    assert COMMENT not in outcomes
    assert github.body is None


async def test_nothing_of_a_batch_is_written_when_its_comments_cannot_be_looked_for(lane: Lane, github: Fake) -> None:
    await intended(lane, COMMENT, OTHER)
    github.meanwhile["find_comment"] = raises(ReadFailed("half an answer"))
    outcomes = (await applied(lane, COMMENT, OTHER, CHECK)).outcomes
    assert set(outcomes) == {COMMENT, OTHER, CHECK}
    assert {(each.kind, each.detail) for each in outcomes.values()} == {(OutcomeKind.LATER, "half an answer")}
    assert len(github.looked_for) == 1, "while GitHub does not answer the others are not asked for"
    assert github.done == []
    assert sorted(await still_intended(lane)) == [COMMENT.journal_key, OTHER.journal_key]


async def test_what_a_comment_was_for_may_be_gone_and_the_rest_is_written(lane: Lane, github: Fake) -> None:
    await intended(lane, COMMENT)
    github.meanwhile["find_comment"] = raises(NotFound("no such issue"))
    outcomes = (await applied(lane, COMMENT, OTHER, CHECK)).outcomes
    assert [outcomes[each].kind for each in (COMMENT, OTHER, CHECK)] == [
        OutcomeKind.MOVED, OutcomeKind.DONE, OutcomeKind.DONE,
    ]  # fmt: skip
    assert github.done == [OTHER, CHECK]


@pytest.mark.parametrize("action", [COMMENT, CHECK], ids=["a comment", "a check"])
async def test_what_may_still_appear_is_not_written_again_and_holds_nothing_else_up(
    lane: Lane, github: Fake, action: PostComment | PutCheck
) -> None:
    """GitHub may do what it was asked for after it broke the connection off."""
    ago = timedelta(seconds=10)
    await intended(lane, action, ago=ago)
    outcomes = (await applied(lane, action, OTHER, A_TICK)).outcomes
    assert outcomes[action].kind is OutcomeKind.LATER
    assert LATEST - ago - timedelta(seconds=5) < (outcomes[action].retry_after or timedelta()) <= LATEST - ago
    assert [outcomes[each].kind for each in (OTHER, A_TICK)] == [OutcomeKind.DONE] * 2
    assert await still_intended(lane) == [action.journal_key]


@pytest.mark.parametrize("action", [COMMENT, CHECK], ids=["a comment", "a check"])
async def test_what_did_not_appear_in_time_is_written_and_may_be_as_late_again(
    lane: Lane, github: Fake, action: PostComment | PutCheck
) -> None:
    async def lost() -> Outcome:
        return Outcome(kind=OutcomeKind.UNKNOWN)

    await intended(lane, action)
    github.answers[type(action)] = [lost]
    lease = await lane.claim()
    for kind in (OutcomeKind.UNKNOWN, OutcomeKind.LATER):
        found = await apply(lane.github, lane.database, lease, REPOSITORY, [action])
        assert found.outcomes[action].kind is kind
    assert github.done == [action]


async def test_a_check_that_was_made_is_made_once_until_a_read_shows_it(lane: Lane, github: Fake) -> None:
    """Who made it died before it remembered that. An hour later it is one that GitHub gave up, and has to be replaced."""
    lease = await lane.claim()
    for kind in (OutcomeKind.DONE, OutcomeKind.LATER):
        found = await apply(lane.github, lane.database, lease, REPOSITORY, [CHECK])
        assert found.outcomes[CHECK].kind is kind
    assert github.done == [CHECK]
    async with lane.database.session() as session:
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        await journal.intend_again(session, lease.lane_id, [CHECK.journal_key], an_hour_ago)
        await journal.complete(session, lease.lane_id, {CHECK.journal_key: "CR_old"})
    found = await apply(lane.github, lane.database, lease, REPOSITORY, [CHECK])
    assert found.outcomes[CHECK].kind is OutcomeKind.DONE
    assert github.done == [CHECK, CHECK]


async def test_a_check_that_was_refused_or_is_only_changed_waits_for_nothing(lane: Lane, github: Fake) -> None:
    github.answers[PutCheck] = [Outcome(kind=OutcomeKind.REFUSED, detail="no")]
    lease, change = await lane.claim(), replace(CHECK, run=NodeId("CR_1"))
    for check, kind in ((CHECK, OutcomeKind.REFUSED), *((each, OutcomeKind.DONE) for each in (CHECK, change, change))):
        found = await apply(lane.github, lane.database, lease, REPOSITORY, [check])
        assert found.outcomes[check].kind is kind
    assert github.done == [CHECK, CHECK, change, change]
