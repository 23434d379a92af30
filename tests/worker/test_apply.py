"""Writing when reads in between take long or fail: nobody writes for a lane that is another's, nothing done is forgotten."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.core.actions import (
    Action,
    EnqueuePull,
    MergePull,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    TickIssue,
    UpdateBranch,
)
from bot.core.memory import Memory
from bot.core.model import Intent, IssueNumber, Key, MergeMethod, NodeId, PullNumber
from bot.errors import LeaseLost, NotFound, RateLimited, ReadFailed
from bot.github.port import RepositoryRef
from bot.store import journal
from bot.store.db import database_now
from bot.store.tables import journal as table
from bot.worker.apply import LATEST, Applied, apply, learn
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


async def intended(lane: Lane, *actions: PostComment | PutCheck, ago: float = 60) -> None:
    """Have an earlier, broken-off turn intend to write these, so many seconds ago."""
    lane_id = await lane.wake()
    async with lane.database.session() as session:
        await journal.intend(session, lane_id, [each.journal_key for each in actions])
    await pass_by(lane, ago)


async def pass_by(lane: Lane, seconds: float) -> None:
    """Let time pass for all that the journal holds."""
    async with lane.database.session() as session:
        await session.execute(update(table).values(intended_at=database_now(-seconds)))


async def still_intended(lane: Lane) -> list[str]:
    async with lane.database.session() as session:
        return list((await session.execute(select(table.c.key).where(table.c.state == "intended"))).scalars())


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
    await intended(lane, action, ago=10)
    outcomes = (await applied(lane, action, OTHER, A_TICK)).outcomes
    assert outcomes[action].kind is OutcomeKind.AWAITED
    left = LATEST - timedelta(seconds=10)
    assert left - timedelta(seconds=5) < (outcomes[action].retry_after or timedelta()) <= left
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
    for kind in (OutcomeKind.UNKNOWN, OutcomeKind.AWAITED):
        found = await apply(lane.github, lane.database, lease, REPOSITORY, [action])
        assert found.outcomes[action].kind is kind
    assert github.done == [action]


async def test_a_check_that_was_made_is_made_once_until_a_read_shows_it(lane: Lane, github: Fake) -> None:
    """Who made it died before it remembered that. An hour later it is one that GitHub gave up, and has to be replaced."""
    lease = await lane.claim()
    made = f"CR_{CHECK.head_sha[:8]}"
    for kind in (OutcomeKind.DONE, OutcomeKind.AWAITED):
        found = await apply(lane.github, lane.database, lease, REPOSITORY, [CHECK])
        assert (found.outcomes[CHECK].kind, found.outcomes[CHECK].result) == (kind, made)
        assert learn(Memory(), found).checks == {CHECK.head_sha: made}
    assert github.done == [CHECK]
    await pass_by(lane, 3600)
    found = await apply(lane.github, lane.database, lease, REPOSITORY, [CHECK])
    assert found.outcomes[CHECK].kind is OutcomeKind.DONE
    assert github.done == [CHECK, CHECK]


async def test_a_branch_that_holds_all_of_the_base_is_not_brought_up_to_it_when_that_moves(
    lane: Lane, github: Fake
) -> None:
    one, two = (UpdateBranch(key=Key(key), pull=NodeId(key), expected=sha(key)) for key in ("W1", "W2"))
    github.answers[UpdateBranch] = [Outcome(kind=OutcomeKind.ALREADY)]
    memory = Memory(intent=Intent(updates={Key("W1"): one.expected, Key("W2"): two.expected}))
    assert learn(memory, await applied(lane, one, two)).intent.updates == {"W2": two.expected}


async def test_of_two_checks_for_one_head_one_is_made(lane: Lane, github: Fake) -> None:
    other = replace(CHECK, details_url="elsewhere")
    outcomes = (await applied(lane, CHECK, other)).outcomes
    assert [outcomes[each].kind for each in (CHECK, other)] == [OutcomeKind.DONE, OutcomeKind.AWAITED]
    assert github.done == [CHECK]


async def test_nothing_is_merged_whose_check_may_yet_appear(lane: Lane, github: Fake) -> None:
    """GitHub would refuse it, people would read that, and the plan would lose its turn on the base."""
    merges = [
        MergePull(key=key, pull=PullNumber(n), head_sha=sha(key), method=MergeMethod.MERGE, title="", message="")
        for n, key in enumerate(("W1", "W2"))
    ]
    await intended(lane, CHECK, ago=10)
    found = await applied(lane, CHECK, *merges)
    assert [found.outcomes[each].kind for each in merges] == [OutcomeKind.AWAITED, OutcomeKind.DONE]
    assert github.done == merges[1:]


def enqueued(*keys: str) -> list[EnqueuePull]:
    return [EnqueuePull(key=key, pull=NodeId(f"PR_{key}"), expected=sha(key)) for key in keys]


@pytest.mark.parametrize("kind", [OutcomeKind.DONE, OutcomeKind.ALREADY])
async def test_of_pulls_for_the_merge_queue_the_next_is_tried_only_if_one_was_refused(
    lane: Lane, github: Fake, kind: OutcomeKind
) -> None:
    """The first was refused before, so that the turn has the next ones ready behind it."""
    first, second, third = enqueued("W1", "W2", "W3")
    github.answers[EnqueuePull] = [Outcome(kind=OutcomeKind.REFUSED, detail="no"), Outcome(kind=kind)]
    found = await applied(lane, first, second, third, A_TICK)
    assert github.done == [first, second]
    assert found.outcomes[A_TICK].kind is OutcomeKind.DONE
    assert [found.outcomes[each].kind for each in (first, second)] == [OutcomeKind.REFUSED, kind]


async def test_nothing_is_enqueued_whose_check_may_yet_appear(lane: Lane, github: Fake) -> None:
    first, second = enqueued("W1", "W2")
    await intended(lane, CHECK, ago=10)
    found = await applied(lane, CHECK, first, second)
    assert [found.outcomes[each].kind for each in (first, second)] == [OutcomeKind.AWAITED, OutcomeKind.DONE]
    assert github.done == [second]


async def test_half_a_minute_begins_when_the_request_was_sent(lane: Lane, github: Fake) -> None:
    """Before it there may be a look for other comments, and it waits for its turn."""

    async def after_a_while() -> Outcome:
        await pass_by(lane, 40)
        return Outcome(kind=OutcomeKind.UNKNOWN)

    async def look() -> None:
        await pass_by(lane, 3600)

    await intended(lane, COMMENT)
    github.meanwhile["find_comment"] = look
    github.answers[PutCheck] = [after_a_while]
    lease = await lane.claim()
    found = await apply(lane.github, lane.database, lease, REPOSITORY, [COMMENT, CHECK])
    assert [each.kind for each in found.outcomes.values()] == [OutcomeKind.DONE, OutcomeKind.UNKNOWN]
    found = await apply(lane.github, lane.database, lease, REPOSITORY, [CHECK])
    assert found.outcomes[CHECK].kind is OutcomeKind.AWAITED
    assert timedelta(seconds=25) < (found.outcomes[CHECK].retry_after or timedelta()) <= LATEST


async def test_a_check_that_was_refused_or_is_only_changed_waits_for_nothing(lane: Lane, github: Fake) -> None:
    github.answers[PutCheck] = [Outcome(kind=OutcomeKind.REFUSED, detail="no")]
    lease, change = await lane.claim(), replace(CHECK, run=NodeId("CR_1"))
    for check, kind in ((CHECK, OutcomeKind.REFUSED), *((each, OutcomeKind.DONE) for each in (CHECK, change, change))):
        found = await apply(lane.github, lane.database, lease, REPOSITORY, [check])
        assert found.outcomes[check].kind is kind
    assert github.done == [CHECK, CHECK, change, change]
