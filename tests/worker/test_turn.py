"""One turn: what it keeps, what it leaves to the next one, and when that comes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.actions import (
    AddLabels,
    CreateRefs,
    MergePull,
    OpenPull,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    React,
)
from bot.core.facts import BranchFacts, PullFacts, WorkstreamFacts
from bot.core.judge import CLOCK_SKEW
from bot.core.model import Branch, IssueNumber, Key, Login, Role
from bot.core.render.brief import workstream_marker
from bot.errors import LeaseLost, NotFound, NotInstalled, RateLimited, ReadFailed
from bot.store import journal
from bot.store.lanes import take_back
from bot.worker import apply, reconcile
from tests.build import a_pull, a_review, sha
from tests.worker.fake import Fake
from tests.worker.lane import SEAL, Lane

W1 = Branch("part/w1")
SECOND = timedelta(seconds=1)
MOVED, LATER, UNKNOWN, REFUSED = (
    Outcome(kind=kind, detail="GitHub says so")
    for kind in (OutcomeKind.MOVED, OutcomeKind.LATER, OutcomeKind.UNKNOWN, OutcomeKind.REFUSED)
)


def a_ready_pull(number: int = 12, key: str = "W1") -> PullFacts:
    """Of the plan, with every gate passing."""
    return a_pull(
        number, head=Branch(f"part/{key.lower()}"), body=workstream_marker(IssueNumber(5), Key(key)),
        head_sha=sha(key), reviews=(a_review(commit=sha(key)),),
    )  # fmt: skip


async def start(lane: Lane, github: Fake) -> None:
    """Start the plan and let its branch and pull be there."""
    await lane.say("start")
    await lane.turn()
    github.tags = {"signalbox/5/cp-0": sha("base")}
    github.branches[W1] = WorkstreamFacts(
        branch=BranchFacts(name=W1, sha=sha("W1"), message="Work"), pulls=(a_ready_pull(),)
    )
    github.done.clear()


def laid(github: Fake) -> list[list[str]]:
    """The branches that each request to lay some asked for."""
    asked = [[name for name, _ in each.refs] for each in github.done if isinstance(each, CreateRefs)]
    return [names for names in asked if all(name.startswith("refs/heads/") for name in names)]


# ---- reads that fail ----


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns in a row are paced from the fourth one on."""
    monkeypatch.setattr(reconcile, "EAGER_TURNS", 3)
    monkeypatch.setattr(reconcile, "PATIENT_TURNS", 3)


@pytest.mark.usefixtures("impatient")
async def test_a_failed_read_changes_nothing_and_many_wait_longer(lane: Lane, github: Fake) -> None:
    await lane.say("start")
    github.read_error = ReadFailed("half an answer")
    rests = []
    for _ in range(7):
        assert await lane.turn() is None
        rests.append(await lane.rests())
    assert all(timedelta(0) < each < 2 * SECOND for each in rests[:3])
    assert rests[3:] == sorted(rests[3:])
    assert rests[-1] > 6 * SECOND
    assert github.done == []
    assert [call.answer for call in await lane.waiting()] == [None]
    row = await lane.row()
    assert (row.lease_token, row.error) == (None, "half an answer")
    github.read_error = None
    assert await lane.turn() is not None
    assert (await lane.memory()).intent.start is not None


async def test_a_limit_is_waited_out_to_the_second(lane: Lane, github: Fake) -> None:
    until = datetime.now(UTC) + timedelta(minutes=7)
    github.read_error = RateLimited("used up", until)
    await lane.turn()
    assert abs((await lane.row()).due_at - until) < SECOND


async def test_an_issue_that_is_gone_is_left_alone(lane: Lane, github: Fake) -> None:
    github.read_error = NotFound("issue 5")
    await lane.turn()
    assert (await lane.row()).due_at is None


async def test_a_repository_out_of_reach_is_looked_at_again_seldom(lane: Lane, github: Fake) -> None:
    github.read_error = NotInstalled("octo/demo")
    await lane.turn()
    assert await lane.rests() > reconcile.NO_ACCESS - SECOND


async def test_a_wake_during_a_failing_turn_is_not_lost(lane: Lane, github: Fake) -> None:
    lease = await lane.claim()
    await lane.wake()
    github.read_error = ReadFailed("no")
    assert await reconcile.turn(github, lane.database, 1001, lease, datetime.now(UTC), seal=SEAL) is None
    assert await lane.rests() < timedelta(0)


# ---- reads that take long ----


async def test_an_approval_does_not_count_for_a_head_that_its_author_cannot_have_seen(lane: Lane, github: Fake) -> None:
    """It is written while the turn reads, and what was pushed in that moment is what the read shows."""
    await start(lane, github)
    github.role_of[Login("wim")] = Role.MAINTAIN
    pull = replace(a_ready_pull(), reviews=(), author=Login("otto"))

    async def cross() -> None:
        del github.meanwhile["read_plan"]
        await lane.say("approve W1", 2, author="wim")
        await asyncio.sleep(0.01)
        pushed = BranchFacts(name=W1, sha=sha("W1"), message="Work")
        github.branches[W1] = WorkstreamFacts(branch=pushed, pulls=(pull,))

    github.meanwhile["read_plan"] = cross
    begun = datetime.now(UTC)
    await lane.turn()
    memory, (approval,) = await lane.memory(), await lane.waiting()
    assert begun < memory.seen["head/W1"].since < approval.at < memory.seen["shown/W1"].since
    await lane.turn()
    assert (await lane.memory()).intent.approvals == {}
    await lane.say("approve W1", 3, author="wim")
    await lane.turn()
    assert [each.head for each in (await lane.memory()).intent.approvals[Key("W1")]] == [sha("W1")]


# ---- the lease ----


async def test_a_lease_lost_before_the_decision_is_written_keeps_nothing(lane: Lane, github: Fake) -> None:
    await lane.say("start")
    lease = await lane.claim()
    await lane.lose()
    with pytest.raises(LeaseLost):
        await reconcile.turn(github, lane.database, 1001, lease, datetime.now(UTC), seal=SEAL)
    assert github.done == []
    assert [call.answer for call in await lane.waiting()] == [None]
    assert (await lane.memory()).intent.start is None
    assert (await lane.row()).lease_token == "another"


async def test_a_lease_lost_in_the_middle_stops_the_writing(lane: Lane, github: Fake) -> None:
    await start(lane, github)

    async def taken_over() -> Outcome:
        await lane.lose()
        return Outcome(kind=OutcomeKind.DONE, result="CR_1")

    github.answers[PutCheck] = [taken_over]
    with pytest.raises(LeaseLost):
        await lane.turn()
    assert github.did(MergePull) == []
    assert (await lane.row()).lease_token == "another"


async def test_a_turn_that_takes_longer_than_its_lease_comes_to_its_end(lane: Lane, github: Fake) -> None:
    """Else it would be claimed again at once, and again take too long."""
    github.meanwhile["read_plan"] = lane.run_out
    await lane.say("start")
    await lane.turn()
    assert laid(github) == [["refs/heads/part/w1"]]
    assert (await lane.row()).lease_token is None
    assert (await lane.memory()).intent.start is not None


# ---- outcomes ----


async def test_what_moved_is_looked_at_again_soon(lane: Lane, github: Fake) -> None:
    await lane.say("start")
    github.answers[CreateRefs] = [MOVED]
    await lane.turn()
    assert await lane.rests() < 2 * SECOND
    assert await lane.waiting() == []
    await lane.turn()
    assert laid(github) == [["refs/heads/part/w1"]] * 2


@pytest.mark.parametrize("outcome", [LATER, UNKNOWN], ids=["later", "unknown"])
async def test_after_a_write_without_an_answer_nothing_more_is_written(
    lane: Lane, github: Fake, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LATEST", timedelta(0))
    await start(lane, github)
    github.answers[PutCheck] = [outcome]
    await lane.turn()
    assert github.did(MergePull) == []
    assert timedelta(0) < await lane.rests() < 2 * SECOND
    await lane.turn()
    assert len(github.did(MergePull)) == 1


async def test_to_wait_for_what_may_yet_appear_is_no_failure(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    github.answers[PutCheck] = [UNKNOWN]
    for _ in range(20):
        await lane.turn()
    assert (await lane.row()).failures <= 2
    assert 25 * SECOND < await lane.rests() < 31 * SECOND
    assert (len(github.did(PutCheck)), len(github.did(MergePull))) == (1, 0)


async def test_the_time_that_github_asks_for_is_counted_from_its_answer(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    github.answers[MergePull] = [replace(LATER, retry_after=timedelta(seconds=60))]
    await lane.turn()
    assert await lane.rests() > 59 * SECOND


async def test_a_refusal_is_shown_at_once_and_forgotten_when_it_worked(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    github.answers[MergePull] = [REFUSED]
    await lane.turn()
    assert (await lane.memory()).refusals == {"merge W1": "GitHub says so"}
    assert await lane.rests() < SECOND
    github.answers[MergePull] = [REFUSED]
    await lane.turn()
    assert await lane.rests() < 3 * SECOND, "what the merge is judged by may lag behind the check"
    await lane.turn()
    assert (await lane.memory()).refusals == {}


async def test_only_one_lands_even_if_the_first_is_refused(lane: Lane, github: Fake) -> None:
    github.issue = replace(github.issue, body=github.issue.body + "".join(
        f"\n### W{number}: Part {number}\n- Branch: `part/w{number}`\n- Files: `{number}.py`\n" for number in (2, 3)
    ))  # fmt: skip
    await start(lane, github)
    for number, key in enumerate(("W1", "W2", "W3"), 12):
        pull = a_ready_pull(number, key)
        github.branches[pull.head] = WorkstreamFacts(
            branch=BranchFacts(name=pull.head, sha=pull.head_sha, message="Work"), pulls=(pull,)
        )
    github.answers[MergePull] = [REFUSED, REFUSED]
    await lane.turn()
    await lane.turn()
    merges = [action.key for action in github.done if isinstance(action, MergePull)]
    assert merges == ["W1", "W1", "W2"]


async def test_drafts_that_are_refused_are_opened_as_pulls_that_are_none(lane: Lane, github: Fake) -> None:
    await lane.say("start")
    await lane.turn()
    github.branches[W1] = WorkstreamFacts(branch=BranchFacts(name=W1, sha=sha("open"), message="Open W1", ahead=1))
    words = "Draft pull requests are not supported in this repository."
    github.answers[OpenPull] = [replace(REFUSED, detail=words)]
    await lane.turn()
    assert await lane.rests() < SECOND
    await lane.turn()
    assert [action.draft for action in github.done if isinstance(action, OpenPull)] == [True, False]


async def test_a_pull_that_is_there_already_and_is_not_the_plans_is_told(lane: Lane, github: Fake) -> None:
    await lane.say("start")
    await lane.turn()
    github.branches[W1] = WorkstreamFacts(
        branch=BranchFacts(name=W1, sha=sha("open"), message="Open W1", ahead=1),
        pulls=(a_pull(9, head=W1, body=workstream_marker(IssueNumber(4), Key("W1"))),),
    )
    github.answers[OpenPull] = [Outcome(kind=OutcomeKind.ALREADY, detail="A pull request already exists for part/w1")]
    await lane.turn()
    assert (await lane.memory()).refusals == {"open the pull for W1": "A pull request already exists for part/w1"}


async def test_a_reaction_to_a_comment_that_is_gone_ends_the_matter(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    await lane.say("status", number=2)
    github.answers[React] = [MOVED, MOVED]
    await lane.turn()
    assert await lane.waiting() == []


async def test_a_reply_that_was_not_shown_is_shown_by_the_next_turn(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    await lane.say("status", number=2)
    github.answers[PostComment] = [LATER]
    await lane.turn()
    assert [call.answer is not None for call in await lane.waiting()] == [True]
    await lane.turn()
    assert await lane.waiting() == []


# ---- the journal ----


async def test_a_comment_that_may_have_been_written_is_looked_for_first(
    lane: Lane, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LATEST", timedelta(0))
    github.answers[PostComment] = [UNKNOWN]
    before = datetime.now(UTC)
    await lane.turn()
    assert (await lane.memory()).comment is None
    await lane.turn()
    [(key, since)] = github.looked_for
    assert key == "status"
    assert before - CLOCK_SKEW <= since <= datetime.now(UTC) - CLOCK_SKEW
    assert len(github.did(PostComment)) == 2, "it was not found, so it was written"


async def test_one_that_is_found_is_not_written_again(lane: Lane, github: Fake) -> None:
    async def written_without_an_answer() -> Outcome:
        github.there["status"] = "IC_found"  # type: ignore[assignment]
        return UNKNOWN

    github.answers[PostComment] = [written_without_an_answer]
    await lane.turn()
    await lane.turn()
    assert len(github.did(PostComment)) == 1
    assert (await lane.memory()).comment == "IC_found"


async def test_a_crash_between_the_comment_and_its_record_makes_no_second_one(lane: Lane, github: Fake) -> None:
    async def die() -> Outcome:
        github.there["status"] = "IC_found"  # type: ignore[assignment]
        raise RuntimeError("killed")

    github.answers[PostComment] = [die]
    with pytest.raises(RuntimeError):
        await lane.turn()
    async with lane.database.session() as session:
        assert not (await journal.entries(session, 1, ["status"]))["status"].done
    await lane.lose()
    async with lane.database.session() as session:
        await take_back(session)
    await lane.turn()
    assert len(github.did(PostComment)) == 1
    assert (await lane.memory()).comment == "IC_found"


async def test_a_comment_that_was_refused_is_not_looked_for(lane: Lane, github: Fake) -> None:
    github.answers[PostComment] = [REFUSED]
    await lane.turn()
    await lane.turn()
    assert github.looked_for == []
    assert len(github.did(PostComment)) == 2


# ---- coming to rest ----


async def test_a_turn_in_which_nothing_changed_is_one_read_and_no_write(lane: Lane, github: Fake) -> None:
    await lane.settle()
    before = github.reads
    await lane.turn()
    assert github.reads - before == 1
    assert (await lane.row()).failures == 0


@pytest.mark.usefixtures("impatient")
async def test_turns_that_always_move_something_are_paced_in_the_end(lane: Lane, github: Fake) -> None:
    """GitHub takes the branch and shows it never: whatever keeps a plan busy must not keep it busy at full speed."""
    await lane.say("start")
    rests = []
    for _ in range(7):
        await lane.turn()
        rests.append(await lane.rests())
    assert laid(github) == [["refs/heads/part/w1"]] * 7
    assert all(each < SECOND for each in rests[:3])
    assert rests[3:] == sorted(rests[3:])
    assert rests[-1] > 6 * SECOND


async def test_merges_one_after_the_other_are_not_paced(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    await lane.turn()
    assert len(github.did(MergePull)) == 1
    row = await lane.row()
    assert row.failures == 0
    assert await lane.rests() < SECOND


async def test_a_label_does_not_call_for_another_look(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    await lane.say("hold W1", number=2)
    await lane.turn()
    assert github.did(AddLabels) != []
    assert await lane.rests() > timedelta(minutes=9)
