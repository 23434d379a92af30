"""What each delivery wakes, and what it must not."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.core.model import Branch, IssueNumber, Key, Login, PullNumber
from bot.store import inbox, lanes, plans
from bot.store.db import Database
from bot.store.inbox import Delivery
from bot.store.installed import Repository
from bot.store.lanes import LaneKind
from bot.store.plans import StoredPlan
from bot.store.tables import lanes as table
from bot.worker.intake import Own, take_in
from tests.build import APP, CI_APP
from tests.databases import ONLY_POSTGRESQL, statements
from tests.worker.fake import Fake
from tests.worker.lane import Lane

BOT = {"login": "signalbox[bot]", "type": "Bot"}
ADA = {"login": "ada", "type": "User"}
OWN = Own(app_id=APP, login=Login("signalbox[bot]"))
HEAD = {"ref": "part/w1", "sha": "a" * 40, "repo": {"id": 77}}
BASE = {"ref": "main", "sha": "b" * 40, "repo": {"id": 77}}


@pytest.fixture
async def plan(database: Database, github: Fake) -> Lane:
    """Plan #5, at rest, with the branch part/w1 and its pull #12 onto main."""
    lane = Lane(database=database, github=github)
    lease = await lane.claim()
    branches = {Branch("part/w1"): (Key("W1"), PullNumber(12))}
    async with database.session() as session:
        await plans.commit_decision(
            session, lease, StoredPlan(branches=branches, started=True, base=Branch("main")), answers={}
        )
        await lanes.release(session, lease, None)
    return lane


async def deliver(
    lane: Lane, event: str, own: Own = OWN, seen: dict[int, Repository] | None = None, **payload: Any
) -> None:
    """Take one delivery in."""
    body = {
        "repository": {"id": 77, "node_id": "R_77", "full_name": "octo/demo"}, "installation": {"id": 5, "account": ADA},
        "sender": ADA,
        **payload,
    }  # fmt: skip
    delivery = Delivery(guid="guid-1", event=event, received_at=datetime.now(UTC), body=json.dumps(body).encode())
    async with lane.database.session() as session:
        await inbox.accept(session, delivery.guid, event, delivery.body, delivery.received_at)
        await take_in(session, delivery, datetime.now(UTC), own, {} if seen is None else seen)


async def is_awake(lane: Lane) -> bool:
    return (await lane.row()).due_at is not None


def a_run(app: int = CI_APP, **more: Any) -> dict[str, Any]:
    run = {"name": "unit", "app": {"id": app}, "check_suite": {"head_branch": "part/w1"}, "pull_requests": []}
    return {**run, **more}


PULL = {"number": 12, "node_id": "PR_12", "state": "open", "head": HEAD, "base": BASE}
NEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "a push": ("push", {"ref": "refs/heads/part/w1"}),
    "the base moved": ("push", {"ref": "refs/heads/main"}),
    "we moved the base": ("push", {"ref": "refs/heads/main", "sender": BOT}),
    "a branch is gone": ("delete", {"ref": "part/w1", "ref_type": "branch"}),
    "a check": ("check_run", {"action": "completed", "check_run": a_run()}),
    "a check that runs because of our commit": ("check_run", {"action": "completed", "check_run": a_run(), "sender": BOT}),
    "our check is to run again": ("check_run", {"action": "rerequested", "check_run": a_run(APP)}),
    "a suite": ("check_suite", {"action": "completed", "check_suite": {"head_branch": "part/w1", "app": {"id": CI_APP}}}),
    "a status": ("status", {"branches": [{"name": "part/w1"}]}),
    "a review": ("pull_request_review", {"action": "submitted", "pull_request": PULL}),
    "a label": ("pull_request", {"action": "unlabeled", "pull_request": PULL}),
    "a new name for its branch": ("pull_request", {"action": "edited", "pull_request": {**PULL, "head": {**HEAD, "ref": "x"}}}),
    "rules": ("repository_ruleset", {"action": "edited"}),
    "protection": ("branch_protection_rule", {"action": "edited"}),
    "a label of the repository": ("label", {"action": "deleted"}),
    "the issue": ("issues", {"action": "closed", "issue": {"number": 5, "node_id": "I_5"}}),
}  # fmt: skip
NO_NEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "another branch": ("push", {"ref": "refs/heads/other"}),
    "a tag": ("push", {"ref": "refs/tags/part/w1"}),
    "a fork's branch of that name": (
        "pull_request", {"action": "synchronize", "pull_request": {**PULL, "number": 99, "head": {**HEAD, "repo": {"id": 1}}}},
    ),
    "our own label": ("pull_request", {"action": "labeled", "pull_request": PULL, "sender": BOT}),
    "our own check": ("check_run", {"action": "completed", "check_run": a_run(APP)}),
    "another issue": ("issues", {"action": "closed", "issue": {"number": 6, "node_id": "I_6"}}),
    "talk": ("issue_comment", {
        "action": "created", "issue": {"number": 5, "node_id": "I_5"},
        "comment": {"id": 1, "node_id": "IC_1", "html_url": "https://x.example", "body": "Fine with me", "user": ADA,
                    "created_at": "2026-11-20T19:05:00Z"},
    }),
}  # fmt: skip


@pytest.mark.parametrize("what", NEWS)
async def test_news_wakes_the_plan(plan: Lane, what: str) -> None:
    event, payload = NEWS[what]
    await deliver(plan, event, **payload)
    assert await is_awake(plan)


@pytest.mark.parametrize("what", NO_NEWS)
async def test_what_is_no_news_wakes_nobody(plan: Lane, what: str) -> None:
    event, payload = NO_NEWS[what]
    await deliver(plan, event, **payload)
    assert not await is_awake(plan)


async def test_until_our_login_is_known_everything_is_news(plan: Lane) -> None:
    event, payload = NO_NEWS["our own label"]
    await deliver(plan, event, Own(app_id=APP, login=None), **payload)
    assert await is_awake(plan)


async def test_a_command_is_stored_once_however_often_it_comes(plan: Lane) -> None:
    comment = {
        "id": 9, "node_id": "IC_9", "html_url": "https://x.example", "body": "/sb hold W1", "user": ADA,
        "created_at": "2026-11-20T19:05:00Z",
    }  # fmt: skip
    for _ in range(2):
        await deliver(plan, "issue_comment", action="created", issue={"number": 5, "node_id": "I_5"}, comment=comment)
    assert [call.verb for call in await plan.waiting()] == ["hold"]


@ONLY_POSTGRESQL
async def test_a_command_for_the_owner_of_a_pull_takes_the_locks_in_their_order(plan: Lane) -> None:
    """Else two that each hold what the other waits for end one of them."""
    comment = {
        "id": 9, "node_id": "IC_9", "html_url": "https://x.example", "body": "/sb hold W1", "user": ADA,
        "created_at": "2026-11-20T19:05:00Z",
    }  # fmt: skip
    seen = {77: Repository(id=77, installation_id=5, full_name="octo/demo")}
    with statements(plan.database) as said:
        await deliver(
            plan, "issue_comment", seen=seen, action="created", comment=comment,
            issue={"number": 12, "node_id": "PR_12", "pull_request": {}},
        )  # fmt: skip
    texts = [text.split("(")[0].strip() for text, _ in said]
    assert texts.index("SELECT pg_advisory_xact_lock") < texts.index("INSERT INTO commands")
    assert [call.verb for call in await plan.waiting()] == ["hold"]


async def test_a_body_that_cannot_be_read_is_parked_at_once_and_kept_for_a_newer_version(plan: Lane) -> None:
    """Only what GitHub signed comes so far: it is we who do not understand it."""
    with capture_logs() as logs:
        await deliver(plan, "pull_request", action="opened", pull_request={"number": "twelve"})
    assert [each["event"] for each in logs] == ["delivery.parked"]
    assert not await is_awake(plan)
    async with plan.database.session() as session:
        assert await inbox.take(session, 10, datetime.now(UTC)) == []
        [parked] = await inbox.listed(session, ["parked"])
        assert await inbox.replay(session) == {"guid-1"}
        [delivery] = await inbox.take(session, 10, datetime.now(UTC))
    assert (parked.guid, parked.attempts, parked.due_at) == ("guid-1", 1, None)
    assert parked.error is not None
    assert parked.error.startswith("pull_request: pull_request.number: ")
    assert json.loads(delivery.body)["pull_request"] == {"number": "twelve"}


async def test_half_a_character_in_a_command_is_not_tried_again_and_again(plan: Lane) -> None:
    comment = {
        "id": 9, "node_id": "IC_9", "html_url": "https://x.example", "body": "/sb pause \ud83d", "user": ADA,
        "created_at": "2026-11-20T19:05:00Z",
    }  # fmt: skip
    with capture_logs() as logs:
        await deliver(plan, "issue_comment", action="created", issue={"number": 5, "node_id": "I_5"}, comment=comment)
    assert [each["event"] for each in logs] == ["delivery.parked"]
    assert await plan.waiting() == []
    async with plan.database.session() as session:
        assert [each.guid for each in await inbox.listed(session, ["parked"])] == ["guid-1"]


async def test_what_is_of_no_use_is_ignored_unread(plan: Lane) -> None:
    await deliver(plan, "star", repository={"id": "none"})
    async with plan.database.session() as session:
        assert [each.guid for each in await inbox.listed(session, ["ignored"])] == ["guid-1"]


async def test_news_by_nobody_is_not_ours(plan: Lane) -> None:
    await deliver(plan, "pull_request", action="unlabeled", pull_request=PULL, sender={"login": None})
    assert await is_awake(plan)


async def repositories_of(database: Database) -> dict[str, bool]:
    """The repositories that are known, by name, and whether their lane is due."""
    async with database.session() as session:
        rows = await session.execute(select(table).where(table.c.kind == LaneKind.REPOSITORY.value))
        return {row.full_name: row.due_at is not None for row in rows}


async def test_any_number_of_repositories_is_installed_and_removed_by_few_statements(plan: Lane, github: Fake) -> None:
    """Nothing else is written to the database meanwhile, so that two thousand of them must not take seconds."""
    await Lane(database=plan.database, github=github, issue=None).wake()
    many = [{"id": 77 + number, "node_id": "R_1", "full_name": f"octo/r{number}"} for number in range(350)]
    with statements(plan.database) as said:
        await deliver(plan, "installation", action="created", repository=None, repositories=many)
    assert len(said) < 30
    assert max(size for _, size in said) < 200
    assert await is_awake(plan)
    assert await repositories_of(plan.database) == {f"octo/r{number}": True for number in range(350)}
    with statements(plan.database) as said:
        gone: dict[str, Any] = {"repositories_added": [], "repositories_removed": many[1:]}
        await deliver(plan, "installation_repositories", action="removed", repository=None, **gone)
    assert len(said) < 10
    assert await repositories_of(plan.database) == {f"octo/r{number}": number == 0 for number in range(350)}


async def test_a_repository_that_gets_its_old_name_back_is_noted_each_time(database: Database) -> None:
    now, seen = datetime.now(UTC), dict[int, Repository]()
    for number, name in enumerate(("octo/a", "octo/b", "octo/a")):
        body = {"repository": {"id": 77, "node_id": "R_77", "full_name": name}, "installation": {"id": 5}}
        delivery = Delivery(
            guid=f"g-{number}", event="push", received_at=now, body=json.dumps({**body, "ref": "x"}).encode()
        )
        async with database.session() as session:
            await take_in(session, delivery, now, OWN, seen)
        assert list(await repositories_of(database)) == [name]
    assert len(seen) == 1


async def test_the_branches_are_known_before_the_first_of_them_is_laid(plan: Lane, github: Fake) -> None:
    other = Lane(database=plan.database, github=github, issue=6)
    github.issue = replace(github.issue, number=IssueNumber(6))
    await other.say("start")
    await other.turn()
    stored = await other.stored()
    assert dict(stored.branches) == {Branch("part/w1"): (Key("W1"), None)}
