"""What Prometheus is shown: every number is documented, none names anybody, and what is counted is right."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import insert

from bot.core.progress import Progress
from bot.metrics import Metrics
from bot.store.db import Database, now
from bot.store.migrate import upgrade
from bot.store.tables import deliveries, lanes
from bot.web.server import build_watch

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
NAMELESS = {"status", "event", "outcome", "kind", "by", "gate", "route", "resource", "state", "le"}


def used() -> Metrics:
    """Numbers of which each has been counted once."""
    metrics = Metrics(lambda: {"core": 4999})
    metrics.webhooks(202).inc()
    metrics.handled("push", "done")
    metrics.turns.labels(kind="plan", outcome="done").observe(0.2)
    metrics.request("GET", "/repos/{owner}/{name}", 200, 0.1, 1)
    metrics.progressed(Progress(merged=1, merged_by_others=2, rollbacks=3, completed=True, waits=(("checks", 90.0),)))
    metrics.leases_lost.inc()
    return metrics


async def shown(metrics: Metrics, database: Database) -> str:
    async with TestClient(TestServer(build_watch(database=database, metrics=metrics))) as client:
        assert [(await client.get(path)).status for path in ("/healthz", "/readyz", "/", "/webhook")] == [
            200,
            200,
            404,
            404,
        ]
        return await (await client.get("/metrics")).text()


@pytest.fixture
async def text(tmp_path: Path) -> str:
    """The page of a worker with some work behind it and some waiting."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'signalbox.sqlite3'}")
    await upgrade(database.engine)
    async with database.session() as session:
        clock = await now(session)
        row = {"event": "push", "body": b"{}", "attempts": 0}
        for guid, state, age in (("a", "new", 40), ("b", "new", 70), ("c", "parked", 900), ("d", "done", 999)):
            at = clock - timedelta(seconds=age)
            await session.execute(insert(deliveries).values(guid=guid, state=state, received_at=at, **row))
        lane = {"kind": "plan", "installation_id": 1, "repository_id": 1, "full_name": "hidden/name"}
        for number, due, leased in ((1, 30, False), (2, 500, True), (3, -60, False)):
            until = clock + timedelta(seconds=60) if leased else None
            values = {"number": number, "due_at": clock - timedelta(seconds=due), "lease_until": until}
            await session.execute(insert(lanes).values(**lane, **values))
    found = await shown(used(), database)
    await database.close()
    return found


def samples(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def test_everything_counted_is_shown(text: str) -> None:
    found = samples(text)
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert 70 <= found["signalbox_oldest_delivery_seconds"] < 90
    assert 30 <= found["signalbox_oldest_due_seconds"] < 50, "a leased lane is in somebody's hands"


EXPECTED = {
    'signalbox_webhooks_total{status="202"}': 1,
    'signalbox_deliveries_handled_total{event="push",outcome="done"}': 1,
    'signalbox_turn_seconds_count{kind="plan",outcome="done"}': 1,
    'signalbox_github_requests_total{route="GET /repos/{owner}/{name}",status="200"}': 1,
    'signalbox_github_request_seconds_count{route="GET /repos/{owner}/{name}"}': 1,
    'signalbox_github_points_total{resource="core",route="GET /repos/{owner}/{name}"}': 1,
    'signalbox_github_rate_limit_left{resource="core"}': 4999,
    'signalbox_merges_total{by="signalbox"}': 1,
    'signalbox_merges_total{by="others"}': 2,
    "signalbox_rollbacks_total": 3,
    "signalbox_plans_completed_total": 1,
    'signalbox_gate_wait_seconds_total{gate="checks"}': 90,
    'signalbox_gate_waits_total{gate="checks"}': 1,
    "signalbox_leases_lost_total": 1,
    'signalbox_deliveries{state="new"}': 2,
    'signalbox_deliveries{state="parked"}': 1,
    'signalbox_lanes{state="due"}': 1,
    'signalbox_lanes{state="leased"}': 1,
}


async def test_every_number_is_listed_in_the_documentation_and_no_other(text: str) -> None:
    shown = set(re.findall(r"^# TYPE (signalbox_\w+?)(?:_created)? ", text, re.MULTILINE))
    listed = set(re.findall(r"^\| `(signalbox_\w+)`", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {name for name in shown if f"{name}_total" not in shown}


async def test_no_label_names_a_repository_a_person_or_a_plan(text: str) -> None:
    labels = set(re.findall(r"[{,](\w+)=\"", text))
    assert labels == NAMELESS
    assert "hidden" not in text


def test_the_name_of_an_event_makes_no_label_of_its_own() -> None:
    metrics = Metrics()
    for event in ("push", "Odd one", "x" * 41, "a\n", "merge_group", "unheard_of"):
        metrics.handled(event, "done")
    events = {
        sample.labels["event"]
        for family in metrics.registry.collect()
        for sample in family.samples
        if "event" in sample.labels
    }
    assert events == {"push", "merge_group", "other"}
