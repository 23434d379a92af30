"""One turn over a repository: pulls outside plans get their check, those of plans are left alone."""

from datetime import UTC, datetime

import pytest

from bot.core.actions import Action, Outcome, OutcomeKind, PostComment, PutCheck, React
from bot.core.facts import OwnCheck
from bot.core.model import Branch, Key, Login, NodeId, PullNumber, Sha
from bot.errors import ReadFailed
from bot.store import commands, lanes, plans
from bot.store.db import Database
from bot.store.plans import StoredPlan
from tests.build import sha
from tests.worker.fake import Fake, a_free_pull
from tests.worker.lane import Lane

W2 = {Branch("part/w2"): (Key("W2"), PullNumber(12))}


@pytest.fixture
async def repository(database: Database, github: Fake) -> Lane:
    return Lane(database=database, github=github, issue=None)


async def a_plan(database: Database, github: Fake, *, branches: object = W2, is_open: bool = True) -> Lane:
    """Plan #5, started, with these branches."""
    lane = Lane(database=database, github=github)
    lease = await lane.claim()
    stored = StoredPlan(branches=branches, started=True, open=is_open)  # type: ignore[arg-type]
    async with database.session() as session:
        await plans.commit_decision(session, lease, stored, answers={})
        await lanes.release(session, lease, None)
    return lane


def shown(external_id: str, conclusion: str | None = "success") -> tuple[OwnCheck, ...]:
    return (
        OwnCheck(
            node_id=NodeId("CR_1"), status="completed" if conclusion else "in_progress", conclusion=conclusion,
            external_id=external_id, started_at=datetime.now(UTC), url="https://x.example",
        ),
    )  # fmt: skip


def heads(actions: list[Action]) -> list[Sha]:
    return [action.head_sha for action in actions if isinstance(action, PutCheck)]


async def test_only_what_no_plan_claims_gets_the_check(repository: Lane, github: Fake, database: Database) -> None:
    await a_plan(database, github)
    free, own = a_free_pull(20), a_free_pull(12, head=Branch("part/w2"))
    fork = a_free_pull(21, head=Branch("part/w2"), cross_repository=True)
    github.outside = (free, own, fork)
    await repository.turn_outside()
    assert heads(github.done) == [free.head_sha, fork.head_sha]


async def test_a_branch_with_the_head_of_a_plans_pull_does_not_open_its_check(
    repository: Lane, github: Fake, database: Database
) -> None:
    await a_plan(database, github)
    head = sha("w2")
    github.outside = (a_free_pull(12, head=Branch("part/w2"), head_sha=head), a_free_pull(20, head_sha=head))
    await repository.turn_outside()
    assert heads(github.done) == []


async def test_nor_where_the_plans_pull_is_not_among_those_updated_last(
    repository: Lane, github: Fake, database: Database
) -> None:
    await a_plan(database, github)
    github.outside = (a_free_pull(20, own_checks=shown("plan/5/abc/def/123", None)),)
    await repository.turn_outside()
    assert heads(github.done) == []


async def test_the_check_of_a_plan_that_is_over_holds_nothing_up(
    repository: Lane, github: Fake, database: Database
) -> None:
    await a_plan(database, github, is_open=False)
    free = a_free_pull(20, own_checks=shown("plan/5/abc/def/123", "action_required"))
    github.outside = (free,)
    await repository.turn_outside()
    assert heads(github.done) == [free.head_sha]


async def test_a_command_on_a_pull_that_was_opened_just_now_is_the_plans(
    repository: Lane, github: Fake, database: Database
) -> None:
    """The plan knows the branch, but has not seen the pull yet."""
    plan = await a_plan(database, github, branches={Branch("part/w2"): (Key("W2"), None)})
    await repository.say("hold", author="wim", pull=12)
    github.outside = (a_free_pull(12, head=Branch("part/w2")),)
    await repository.turn_outside()
    assert await repository.waiting() == []
    assert [call.author for call in await plan.waiting()] == [Login("wim")]
    assert github.did(PostComment) == []


async def test_a_command_outside_any_plan_is_answered_once(repository: Lane, github: Fake, database: Database) -> None:
    await repository.say("hold", author="wim", pull=20)
    github.outside = (a_free_pull(20),)
    github.answers[PostComment] = [Outcome(kind=OutcomeKind.UNKNOWN)]
    await repository.turn_outside()
    assert len(await repository.waiting()) == 1
    github.there["reply:1"] = NodeId("IC_found")
    await repository.turn_outside()
    assert len(github.did(PostComment)) == 1
    async with database.session() as session:
        assert await commands.pending(session, 1) == []
    assert [action.content for action in github.done if isinstance(action, React)][:2] == ["EYES", "CONFUSED"]


async def test_a_failed_read_writes_nothing(repository: Lane, github: Fake) -> None:
    github.outside = (a_free_pull(20),)
    github.read_error = ReadFailed("half")
    await repository.turn_outside()
    assert github.done == []
    assert (await repository.row()).error == "half"
