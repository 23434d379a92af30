"""One installation neither sees nor touches what is another's, and nothing that was sent once counts twice."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot.core.model import Login
from bot.github.permissions import LISTING, NEEDED
from bot.store import inbox, lanes
from bot.store.db import Database
from bot.store.inbox import Delivery
from bot.store.installed import Repository
from bot.store.tables import commands
from bot.store.tables import lanes as table
from bot.worker.intake import Own, take_in
from sandbox.genesis import add_tenant
from tests.build import APP, CI_APP
from tests.scenarios.play import PLAN, Play, stage

OWN = Own(app_id=APP, login=Login("signalbox[bot]"))
OCTO = Repository(id=77, installation_id=5, full_name="octo/demo")
UMBRA = Repository(id=78, installation_id=6, full_name="umbra/demo")
ADA = {"login": "ada", "type": "User"}


async def deliver(database: Database, event: str, about: Repository, **payload: Any) -> str:
    """Take one delivery in under a new GUID, as GitHub or somebody with an old body sends it."""
    body = {
        "repository": {"id": about.id, "node_id": f"R_{about.id}", "full_name": about.full_name},
        "installation": {"id": about.installation_id, "account": ADA}, "sender": ADA, **payload,
    }  # fmt: skip
    now = datetime.now(UTC)
    delivery = Delivery(guid=str(uuid4()), event=event, received_at=now, body=json.dumps(body).encode())
    async with database.session() as session:
        await inbox.accept(session, delivery.guid, event, delivery.body, now)
        await take_in(session, delivery, now, OWN, {})
    return delivery.guid


async def at_rest(database: Database, *repositories: Repository, issue: int | None = None) -> None:
    """Have lanes for the repositories, or for a plan in each, that nothing has woken."""
    async with database.session() as session:
        for each in repositories:
            await each.lane(session, issue)


async def awake(database: Database) -> set[tuple[str, int]]:
    """The repository and the issue (0 = none) of each lane that is due."""
    async with database.session() as session:
        rows = await session.execute(select(table.c.full_name, table.c.number).where(table.c.due_at.is_not(None)))
        return {(row.full_name, row.number) for row in rows}


async def stored(database: Database) -> list[tuple[str, int, str]]:
    """What waits to be answered: repository, issue and verb, in the order of arrival."""
    async with database.session() as session:
        rows = await session.execute(
            select(table.c.full_name, table.c.number, commands.c.verb)
            .join(commands, commands.c.lane_id == table.c.id)
            .order_by(commands.c.id)
        )
        return [(row.full_name, row.number, row.verb) for row in rows]


def comment(number: int = 900, text: str = "/sb start") -> dict[str, Any]:
    return {
        "action": "created",
        "issue": {"number": 5, "node_id": "I_5", "state": "open", "labels": [{"name": "plan"}]},
        "comment": {
            "id": number, "node_id": f"IC_{number}", "html_url": "https://x.example/c", "body": text, "user": ADA,
            "created_at": "2026-11-20T19:05:00Z",
        },
    }  # fmt: skip


def press(button: str, *, app: int = APP, at: str = "2026-11-20T19:05:00Z") -> dict[str, Any]:
    """A pressed button of a check that says it is plan #5's."""
    run = {
        "name": "signalbox", "external_id": "plan/5/0123456789ab/0123456789ab", "html_url": "https://x.example/r",
        "check_suite": {"head_branch": "part/w1"}, "pull_requests": [], "app": {"id": app}, "completed_at": at,
    }  # fmt: skip
    return {"action": "requested_action", "check_run": run, "requested_action": {"identifier": button}}


# ---- tenants ----


async def test_numbers_and_names_mean_those_of_the_deliverys_own_repository(database: Database) -> None:
    await at_rest(database, OCTO, UMBRA)
    await at_rest(database, OCTO, UMBRA, issue=5)
    await deliver(database, "issue_comment", UMBRA, **comment())
    await deliver(database, "check_run", UMBRA, **press("hold W1"))
    assert await stored(database) == [("umbra/demo", 5, "start"), ("umbra/demo", 5, "hold")]
    await deliver(database, "push", UMBRA, ref="refs/heads/main")
    await deliver(database, "label", UMBRA, action="edited")
    assert await awake(database) == {("umbra/demo", 5)}


async def test_what_leaves_one_installation_does_not_rest_in_another(database: Database) -> None:
    """A transferred repository is added here and removed there, and the two deliveries come in any order."""
    await at_rest(database, OCTO)
    arrived = Repository(id=OCTO.id, installation_id=UMBRA.installation_id, full_name="umbra/moved")
    short = {"id": OCTO.id, "node_id": "R_77", "full_name": "umbra/moved"}
    added = {"action": "added", "repositories_added": [short], "repositories_removed": []}
    await deliver(database, "installation_repositories", arrived, repository=None, **added)
    left = {
        "action": "removed",
        "repositories_added": [],
        "repositories_removed": [{**short, "full_name": "octo/demo"}],
    }
    await deliver(database, "installation_repositories", OCTO, repository=None, **left)
    await deliver(database, "installation", OCTO, repository=None, action="deleted")
    assert await awake(database) == {("umbra/moved", 0)}


async def test_an_installation_that_goes_takes_only_its_own_along(database: Database) -> None:
    await at_rest(database, OCTO, UMBRA)
    async with database.session() as session:
        await lanes.wake_all(session)
    await deliver(database, "installation", UMBRA, repository=None, action="suspend")
    assert await awake(database) == {("octo/demo", 0)}


async def test_another_apps_check_of_our_name_has_no_buttons(database: Database) -> None:
    await at_rest(database, OCTO, issue=5)
    await deliver(database, "check_run", OCTO, **press("merge W1", app=CI_APP))
    assert await stored(database) == []


# ---- what was sent before ----


async def test_a_comment_that_is_sent_again_under_another_guid_counts_once(database: Database) -> None:
    for _ in range(3):
        await deliver(database, "issue_comment", OCTO, **comment())
    assert await stored(database) == [("octo/demo", 5, "start")]


async def test_a_press_that_is_sent_again_under_another_guid_counts_once(database: Database) -> None:
    for _ in range(3):
        await deliver(database, "check_run", OCTO, **press("merge W1"))
    assert await stored(database) == [("octo/demo", 5, "merge")]
    await deliver(database, "check_run", OCTO, **press("merge W1", at="2026-11-20T19:06:00Z"))
    assert await stored(database) == [("octo/demo", 5, "merge")] * 2


async def test_a_press_that_only_asks_may_be_repeated(database: Database) -> None:
    for _ in range(2):
        await deliver(database, "check_run", OCTO, **press("why"))
    assert await stored(database) == [("octo/demo", 5, "why")] * 2


async def test_an_old_removal_that_is_sent_again_is_undone_by_the_next_resync(database: Database) -> None:
    await at_rest(database, OCTO, issue=5)
    await at_rest(database, OCTO)
    await deliver(database, "installation", OCTO, repository=None, action="deleted")
    assert await awake(database) == set()
    async with database.session() as session:
        await lanes.wake_all(session, [OCTO.id])  # what a resync does with all that GitHub lists
    assert await awake(database) == {("octo/demo", 0), ("octo/demo", 5)}


@pytest.mark.parametrize("name", ["installation", "installation_repositories", "repository"])
async def test_what_was_deleted_elsewhere_is_no_removal_under_another_events_name(
    database: Database, name: str
) -> None:
    await at_rest(database, OCTO)
    async with database.session() as session:
        await lanes.wake_all(session)
    guid = await deliver(database, name, OCTO, **{**comment(), "action": "deleted"})
    assert await awake(database) == {("octo/demo", 0)}
    async with database.session() as session:
        assert [each.guid for each in await inbox.listed(session, ["parked"])] == [guid]


# ---- on the stand-in ----


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    async with stage(tmp_path) as ready:
        yield ready


async def test_two_tenants_with_the_same_plan_do_not_meet(play: Play) -> None:
    installation, repository = await add_tenant(play.world, "umbra", "demo")
    theirs = "//repos/umbra/demo"
    await play.start(protect=False)
    opened = await play.do("ada", "POST", f"{theirs}/issues", {"title": "Shop plan", "body": PLAN, "labels": ["plan"]})
    await play.settled()
    assert await play.get(f"{theirs}/pulls?state=all") == []  # what was started is the other's
    threads = f"{theirs}/issues/{opened['number']}/comments"
    await play.do("wim", "POST", threads, {"body": "/signalbox start"})  # he may write there, but not here
    await play.settled()
    assert await play.get(f"{theirs}/pulls?state=all") == []
    await play.do("ada", "POST", threads, {"body": "/signalbox start"})
    await play.settled()
    pulls = await play.get(f"{theirs}/pulls?state=all")
    assert len(pulls) == len(await play.all_pulls()) == 3
    await play.do("ada", "POST", threads, {"body": "/signalbox cancel"})
    await play.settled()
    assert "cancelled" in (await play.get(threads))[0]["body"]
    assert "cancelled" not in await play.status()
    minted = [token for token in play.world.state.tokens.values() if token.expires_at]
    own = {installation.id: [repository.id], play.info["installation_id"]: [play.world.repository("octo", "demo").id]}
    working = [token for token in minted if token.permissions == NEEDED]
    assert {tuple(token.repository_ids) for token in working} == {tuple(each) for each in own.values()}
    assert all(token.repository_ids == own[token.installation_id] for token in working)
    assert all(token.permissions == LISTING for token in minted if token not in working)
