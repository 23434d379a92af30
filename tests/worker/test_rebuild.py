"""A plan that the store does not know: what is believed, what is read again, and what the repository's turn leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.actions import EditComment, PostComment, PutCheck
from bot.core.facts import BranchFacts, OwnCheck, WorkstreamFacts
from bot.core.marker import mark
from bot.core.model import Branch, IssueNumber, Key, Login, NodeId
from bot.core.render.brief import workstream_marker
from bot.core.seal import Seal
from bot.errors import NotFound
from bot.github.port import CommentReading, ConversationReading
from bot.store import lanes, plans
from bot.store.db import Database
from bot.store.plans import MOST_TRIES
from bot.worker.by_hand import rebuild_by_hand
from bot.worker.rebuild import rebuild
from tests.build import a_pull
from tests.worker.fake import Fake, a_free_pull
from tests.worker.lane import SEAL, Lane

BOT, MIA = Login("signalbox[bot]"), Login("mia")


def said(number: int, body: str, **more: Any) -> CommentReading:
    fields = {
        "node_id": NodeId(f"IC_{number}"), "url": "https://x.example", "author": MIA, "author_is_bot": False, "ours": False,
        "at": datetime.now(UTC) - timedelta(hours=1), "edited": False, "editor": None,
    }  # fmt: skip
    return CommentReading(id=number, body=body, **{**fields, **more})


def a_status(body: str, **more: Any) -> CommentReading:
    return said(100, body, **{"author": BOT, "author_is_bot": True, "ours": True, **more})


async def lose(lane: Lane, github: Fake, *more: CommentReading, status: dict[str, Any] | None = None) -> str:
    """Start a plan and hold W1, then lose the store of it; the issue holds the status comment and what else was said."""
    await lane.say("start", 101)
    await lane.turn()
    await lane.say("hold W1 not yet", 102)
    await lane.turn()
    written = [each for each in github.done if isinstance(each, PostComment | EditComment) and "Signalbox" in each.body]
    body = written[-1].body
    github.talks = {5: ConversationReading(node_id=NodeId("I_5"), comments=(a_status(body, **(status or {})), *more))}
    github.done.clear()
    await forget(lane)
    return body


def judged(github: Fake) -> list[str]:
    """The heads that got a check."""
    return [each.head_sha for each in github.done if isinstance(each, PutCheck)]


def shown(external_id: str) -> tuple[OwnCheck, ...]:
    return (
        OwnCheck(
            node_id=NodeId("CR_1"), status="completed", conclusion="failure", external_id=external_id, started_at=None,
            url="",
        ),
    )  # fmt: skip


async def forget(lane: Lane) -> None:
    lease = await lane.claim()
    async with lane.database.session() as session:
        await plans.forget(session, lease)
    async with lane.database.session() as session:
        await lanes.release(session, lease, wait=None)


async def test_what_was_ordered_is_in_force_again_and_said_once(lane: Lane, github: Fake) -> None:
    old, new = said(102, "/signalbox hold W1 not yet"), said(103, "/signalbox pause")
    await lose(lane, github, said(101, "/signalbox start"), old, new)
    await lane.turn()
    intent = (await lane.memory()).intent
    assert intent.start is not None
    assert intent.held["W1"].reason == "not yet"  # type: ignore[index]
    assert intent.paused is not None
    assert github.did(PostComment) == []
    assert len(github.did(EditComment)) == 1


@pytest.mark.parametrize(
    "status",
    [
        {"ours": False},
        {"edited": True, "editor": Login("wim")},
        {"edited": True, "editor": None},
        {"body": mark("## Signalbox", "status")},
        {"body": Seal.of(b"another").put(mark("## Signalbox", "status"), "AAAA", 77, IssueNumber(5))},
        {"body": SEAL.put(mark("## Signalbox", "status"), "AAAA", 77, IssueNumber(6))},
        {"body": SEAL.put(mark("## Signalbox", "status"), "AAAA", 77, IssueNumber(5))},
    ],
    ids=["not ours", "edited", "edited by a ghost", "unsealed", "another key", "of another plan", "no payload"],
)
async def test_what_is_not_surely_ours_starts_nothing(lane: Lane, github: Fake, status: dict[str, Any]) -> None:
    body = await lose(lane, github, said(103, "/signalbox start"))
    github.talks = {5: ConversationReading(node_id=NodeId("I_5"), comments=(
        a_status(**{"body": body, **status}), said(103, "/signalbox start"),
    ))}  # fmt: skip
    await lane.turn()
    assert (await lane.memory()).intent.start is None


async def test_a_comment_under_our_name_that_another_app_wrote_is_not_ours(lane: Lane, github: Fake) -> None:
    await lose(lane, github)
    github.foreign = {100}
    await lane.turn()
    assert (await lane.memory()).intent.start is None


async def test_edited_answered_and_older_comments_are_no_commands(lane: Lane, github: Fake) -> None:
    reply = a_status(mark("No", "reply:105:1"))
    await lose(
        lane, github, said(99, "/signalbox cancel"), said(104, "/signalbox cancel", edited=True),
        said(105, "/signalbox cancel"), replace(reply, id=106),
    )  # fmt: skip
    await lane.turn()
    assert (await lane.memory()).intent.cancelled is None
    assert await lane.waiting() == []


async def test_an_old_command_that_arrives_again_is_not_obeyed_again(lane: Lane, github: Fake) -> None:
    later = datetime.now(UTC) + timedelta(minutes=1)
    await lose(lane, github, said(103, "/signalbox release W1", at=later))
    await lane.turn()
    assert (await lane.memory()).intent.held == {}
    await lane.say("hold W1 not yet", 102)
    await lane.turn()
    assert (await lane.memory()).intent.held == {}


async def test_what_was_read_is_not_carried_out_again_when_its_webhook_is_sent_again(lane: Lane, github: Fake) -> None:
    """The webhooks came before the loss. Under another GUID the new database takes them for news."""
    talk = ConversationReading(
        node_id=NodeId("PR_12"),
        comments=(said(107, "Never mind", edited=True), said(106, "/signalbox pause"), said(108, "Fine")),
    )
    await lose(lane, github, said(103, "Never mind", edited=True), said(105, "/signalbox checkpoint"))
    github.talks[12] = talk
    github.branches[Branch("part/w1")] = WorkstreamFacts(pulls=(a_pull(12, head=Branch("part/w1")),))
    for number in (99, 103, 104, 107):  # before the status comment, edited, deleted since, edited on the pull
        await lane.say("cancel", number)
    await lane.turn()
    memory = await lane.memory()
    assert memory.restored is not None
    assert memory.restored.newest == 105
    assert memory.restored.waiting == ("comment:105:1", "comment:106:1")
    assert memory.intent.cancelled is None
    assert memory.intent.paused is not None
    assert await lane.waiting() == []
    await lane.say("resume", 109)
    await lane.turn()
    assert (await lane.memory()).intent.paused is None


async def test_a_button_of_before_the_loss_is_refused_with_a_reason_and_the_checks_are_written_anew(
    lane: Lane, github: Fake
) -> None:
    pull = a_pull(12, head=Branch("part/w1"), body=workstream_marker(IssueNumber(5), Key("W1")))
    await lose(lane, github)
    github.branches[Branch("part/w1")] = WorkstreamFacts(
        branch=BranchFacts(name=Branch("part/w1"), sha=pull.head_sha, message="Work"), pulls=(pull,)
    )
    await lane.press("release", "button:a:0", pull=12)
    await lane.turn()
    memory = await lane.memory()
    assert memory.restored is not None
    mark_since = memory.restored.mark
    (check,) = (each for each in github.done if isinstance(each, PutCheck))
    assert check.external_id.split("/")[4] == mark_since
    (reply,) = (each for each in github.done if isinstance(each, PostComment))
    assert (reply.number, "press again" in reply.body) == (12, True)
    assert "W1" in memory.intent.held
    await lane.press("release", f"button:b:0:{mark_since}", pull=12)
    await lane.turn()
    assert (await lane.memory()).intent.held == {}


async def test_what_another_repository_of_that_name_kept_is_not_taken_over(lane: Lane, github: Fake) -> None:
    """The old one was renamed, a new one has its name: GitHub shows one, the lane is of the other."""
    await lose(lane, github)
    lease = await lane.claim()
    with pytest.raises(NotFound):
        await rebuild(github, lane.database, replace(lease, repository_id=78), SEAL, datetime.now(UTC))
    assert (await lane.stored()).started is False


@pytest.mark.parametrize("known", [True, False])
async def test_by_hand_it_loses_no_wake_nor_what_the_last_turn_said(lane: Lane, github: Fake, known: bool) -> None:
    """The lane was due when it was held, or it was woken in that moment: nobody would look at it for hours."""
    github.repositories = [(5, 77, "octo/demo")]
    if known:
        await lane.turn()
    lease = await lane.claim()
    async with lane.database.session() as session:
        await lanes.release(session, lease, timedelta(0), failures=3, error="as it was")
    report = await rebuild_by_hand(github, lane.database, SEAL, repository="octo/demo", issue=5, force=False)
    assert report.exit_code == 1
    row = await lane.row()
    assert (row.lease_token, row.urgent, row.failures, row.error) == (None, True, 3, "as it was")
    assert row.due_at <= datetime.now(UTC) + timedelta(seconds=1)


async def test_a_new_plan_is_a_new_plan(lane: Lane, github: Fake) -> None:
    await lane.turn()
    assert github.searches == 1
    assert len(github.did(PostComment)) == 1
    await lane.turn()
    assert github.searches == 1


async def test_no_pull_is_judged_before_the_plans_of_the_repository_are_known(
    lane: Lane, github: Fake, database: Database
) -> None:
    repository = Lane(database=database, github=github, issue=None)
    body = await lose(lane, github)
    github.talks = {6: github.talks[5]}
    assert body
    github.labelled = (IssueNumber(6), IssueNumber(7))
    github.outside = (a_free_pull(20),)
    await repository.turn_outside()
    assert github.did(PutCheck) == []
    found = Lane(database=database, github=github, issue=6)
    assert (await found.row()).due_at is not None
    await found.turn()
    await repository.turn_outside()
    assert judged(github) == [f"{20:040x}"]
    searches = github.searches
    await repository.turn_outside()
    assert github.searches == searches


async def test_a_plan_that_never_can_be_read_does_not_keep_every_pull_from_its_check_for_ever(
    lane: Lane, github: Fake, database: Database
) -> None:
    repository = Lane(database=database, github=github, issue=None)
    assert await lose(lane, github)
    github.labelled = (IssueNumber(5),)
    named = replace(a_free_pull(21), own_checks=shown("plan/5/abc/def/000"))
    github.outside = (a_free_pull(20), named)
    for failures, checked in ((MOST_TRIES - 1, []), (MOST_TRIES, [f"{20:040x}"])):
        lease = await lane.claim()
        async with database.session() as session:
            await lanes.release(session, lease, timedelta(hours=1), failures, "it raised")
        github.done.clear()
        await repository.turn_outside()
        assert judged(github) == checked


async def test_a_pull_whose_check_names_a_plan_that_is_gone_is_left_alone(github: Fake, database: Database) -> None:
    repository = Lane(database=database, github=github, issue=None)
    github.outside = (a_free_pull(20, own_checks=shown("plan/9/abc/def/000")), a_free_pull(21))
    await repository.turn_outside()
    assert github.did(PutCheck) == []
    await Lane(database=database, github=github, issue=9).turn()
    github.done.clear()
    await repository.turn_outside()
    assert f"{21:040x}" in judged(github)
