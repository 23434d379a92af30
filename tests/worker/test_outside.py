"""One turn over a repository: pulls outside plans get their check, those of plans are left alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.actions import Action, Outcome, OutcomeKind, PostComment, PutCheck, React
from bot.core.commands.bounds import MOST_ANSWERS
from bot.core.facts import OwnCheck
from bot.core.model import Branch, Key, Login, NodeId, PullNumber, Role, Sha
from bot.core.train_wish import Wish, WishKind
from bot.errors import LeaseLost, ReadFailed
from bot.store import audit, commands, lanes, plans, trains
from bot.store.db import Database
from bot.store.plans import StoredPlan
from bot.worker import apply
from bot.worker.outside import FULL_PASS, Outside
from tests.build import sha
from tests.databases import ONLY_POSTGRESQL, statements
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
    github.there["reply:1:1"] = NodeId("IC_found")
    await repository.turn_outside()
    assert len(github.did(PostComment)) == 1
    async with database.session() as session:
        assert await commands.pending(session, 1) == []
    assert [action.content for action in github.done if isinstance(action, React)][:2] == ["EYES", "CONFUSED"]


@pytest.mark.parametrize(
    ("role", "answers"),
    [
        pytest.param(Role.READ, MOST_ANSWERS, id="read"),
        pytest.param(Role.TRIAGE, MOST_ANSWERS, id="triage"),
        pytest.param(Role.WRITE, 14, id="write"),
    ],
)
async def test_commands_outside_any_plan_are_answered_within_the_same_bounds(
    repository: Lane, github: Fake, database: Database, role: Role, answers: int
) -> None:
    github.outside, github.role_of[Login("otto")] = (a_free_pull(20),), role
    for number in range(1, 15):
        await repository.say("hold", number=number, author="otto", pull=20)
        if number in {4, 14}:
            await repository.turn_outside()
    assert await repository.waiting() == []
    replies = [each for each in github.done if isinstance(each, PostComment)]
    assert len(replies) == answers
    assert [at for at, each in enumerate(replies, 1) if "the last answer to you" in each.body] == (
        [MOST_ANSWERS] if answers == MOST_ANSWERS else []
    )
    async with database.session() as session:
        trail = await audit.export(session, "octo/demo", 0)
    assert [each.outcome for each in trail] == ["refused"] * answers + ["ignored"] * (14 - answers)


async def test_what_was_answered_on_a_plan_counts_outside_too(
    repository: Lane, github: Fake, database: Database
) -> None:
    plan = Lane(database=database, github=github)
    for number in range(1, MOST_ANSWERS + 1):
        await plan.say("status", number=number, author="otto")
    await plan.settle()
    assert await plan.waiting() == []
    github.outside, github.done = (a_free_pull(20),), []
    await repository.say("hold", number=99, author="otto", pull=20)
    await repository.turn_outside()
    assert await repository.waiting() == []
    assert github.did(PostComment) == []


@ONLY_POSTGRESQL
async def test_a_command_is_handed_over_with_the_locks_in_their_order(
    repository: Lane, github: Fake, database: Database
) -> None:
    """Else two that each hold what the other waits for end one of them."""
    plan = await a_plan(database, github)
    await repository.say("hold", author="wim", pull=12)
    lease = await repository.claim()
    with statements(database) as said:
        async with database.session() as session:
            await Outside(github=github, database=database)._sorted_out(session, lease, [])
    texts = [text.split("(")[0].strip() for text, _ in said]
    changed = [number for number, text in enumerate(texts) if text.startswith("UPDATE commands")]
    assert texts.index("SELECT pg_advisory_xact_lock") < changed[0]
    assert [call.author for call in await plan.waiting()] == [Login("wim")]


async def test_a_turn_that_lost_its_lane_closes_no_command(repository: Lane, github: Fake) -> None:
    await repository.say("hold", author="wim", pull=20)

    async def taken_over() -> Outcome:
        await repository.lose()
        return Outcome(kind=OutcomeKind.DONE, result="IC_1")

    github.answers[PostComment] = [taken_over]
    with pytest.raises(LeaseLost):
        await repository.turn_outside()
    assert len(await repository.waiting()) == 1


async def test_a_failed_read_writes_nothing(repository: Lane, github: Fake) -> None:
    github.outside = (a_free_pull(20),)
    github.read_error = ReadFailed("half")
    await repository.turn_outside()
    assert github.done == []
    assert (await repository.row()).error == "half"


WORDS = "`W3` of \\#5 is verified"


async def freeze(database: Database, github: Fake, words: str | None = WORDS, outside: bool = True) -> None:
    """Plan #5 freezes its base, or with None lifts its freeze."""
    lease = await Lane(database=database, github=github).claim()
    wish = Wish(kind=WishKind.NONE, frozen=words, outside=outside)
    async with database.session() as session:
        await trains.settle(session, lease, Branch("main"), wish)
    async with database.session() as session:
        await lanes.release(session, lease, None)


def put(github: Fake) -> PutCheck:
    """The check that was put last."""
    [*_, last] = github.did(PutCheck)
    assert isinstance(last, PutCheck)
    return last


def as_put(github: Fake, started_at: datetime | None = None) -> tuple[OwnCheck, ...]:
    """The check that was put last, as GitHub shows it then."""
    [check] = shown(put(github).external_id, put(github).conclusion)
    return (replace(check, started_at=started_at or check.started_at),)


async def test_a_pull_into_a_frozen_base_waits_and_is_told_why(
    repository: Lane, github: Fake, database: Database
) -> None:
    await freeze(database, github)
    pull = a_free_pull(20, url="https://x.example/octo/demo/pull/20")
    github.outside = (pull,)
    await repository.turn_outside()
    check = put(github)
    assert (check.status, check.conclusion) == ("in_progress", None)
    assert check.title == "Base frozen: W3 of #5 is verified"
    assert check.summary.startswith(
        "Nothing merges into this pull request's base at the moment: [plan #5](https://x.example/octo/demo/issues/5) "
        f"froze it. Its reason: {WORDS}.\n\nNothing is wrong with this pull request"
    )
    assert check.external_id.startswith(f"outside/{pull.head_sha[:12]}/")
    assert check.details_url == "https://x.example/octo/demo/issues/5"
    github.outside = (replace(pull, own_checks=as_put(github)),)
    await repository.turn_outside()
    assert github.did(PutCheck) == [check]


async def test_its_check_opens_when_the_freeze_is_lifted(repository: Lane, github: Fake, database: Database) -> None:
    await freeze(database, github)
    github.outside = (a_free_pull(20),)
    await repository.turn_outside()
    github.outside = (a_free_pull(20, own_checks=as_put(github)),)
    await freeze(database, github, None)
    assert (await repository.rests()) <= timedelta(0)
    await repository.turn_outside()
    assert (put(github).run, put(github).conclusion) == (NodeId("CR_1"), "success")


async def test_a_waiting_check_is_renewed_before_it_is_stale(
    repository: Lane, github: Fake, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LATEST", timedelta(0))
    await freeze(database, github)
    github.outside = (a_free_pull(20),)
    await repository.turn_outside()
    github.outside = (a_free_pull(20, own_checks=as_put(github, datetime.now(UTC) - timedelta(days=13, hours=1))),)
    await repository.turn_outside()
    assert [check.run for check in github.did(PutCheck) if isinstance(check, PutCheck)] == [None, None]


@pytest.mark.parametrize(
    ("base", "outside"),
    [pytest.param("dev", True, id="another base"), pytest.param("main", False, id="frozen for plans only")],
)
async def test_a_freeze_stops_nothing_else(
    repository: Lane, github: Fake, database: Database, base: str, outside: bool
) -> None:
    await freeze(database, github, outside=outside)
    github.outside = (a_free_pull(20, base=Branch(base)),)
    await repository.turn_outside()
    assert put(github).conclusion == "success"


async def test_a_head_with_a_pull_into_a_frozen_base_waits_for_all_its_pulls(
    repository: Lane, github: Fake, database: Database
) -> None:
    """The check hangs on the commit: open for one pull it would be open for the other."""
    await freeze(database, github)
    head = sha("shared")
    github.outside = (
        a_free_pull(20, head_sha=head, base=Branch("main")),
        a_free_pull(21, head_sha=head, base=Branch("dev")),
    )
    await repository.turn_outside()
    assert {check.conclusion for check in github.did(PutCheck) if isinstance(check, PutCheck)} == {None}


async def test_a_freeze_and_its_end_are_shown_on_all_open_pulls(
    repository: Lane, github: Fake, database: Database
) -> None:
    """Two processes take turns; each looks at the pulls updated last only, but for what the other has not shown."""
    processes = [Outside(github=github, database=database) for _ in range(2)]

    async def turn(process: int) -> bool:
        await processes[process].turn(await repository.claim(), datetime.now(UTC))
        return not github.first_pages[-1]

    assert [await turn(0), await turn(1), await turn(0)] == [True, True, False]
    await freeze(database, github)
    assert [await turn(0), await turn(1), await turn(0)] == [True, False, False]
    await freeze(database, github, "an outage")
    assert [await turn(0), await turn(1)] == [True, False]
    await freeze(database, github, None)
    assert [await turn(1), await turn(0)] == [True, False]


async def test_all_pulls_are_looked_at_again_if_a_check_could_not_be_put(
    repository: Lane, github: Fake, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LATEST", timedelta(0))
    process = Outside(github=github, database=database)
    await process.turn(await repository.claim(), datetime.now(UTC))
    await freeze(database, github)
    github.outside = (a_free_pull(20),)
    github.answers[PutCheck] = [Outcome(kind=OutcomeKind.UNKNOWN)]
    await process.turn(await repository.claim(), datetime.now(UTC))
    await process.turn(await repository.claim(), datetime.now(UTC))
    await process.turn(await repository.claim(), datetime.now(UTC))
    assert github.first_pages == [False, False, False, True]
    await process.turn(await repository.claim(), datetime.now(UTC) + FULL_PASS)
    assert github.first_pages[-1] is False
