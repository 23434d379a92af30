import asyncio
import threading
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import insert

from bot.store.db import Database
from bot.store.migrate import upgrade
from bot.store.tables import lanes, plans
from bot.web.server import build_app


async def never(_guid: str, _event: str, _body: bytes) -> bool:
    raise AssertionError("nothing is stored here")


def join_drivers() -> None:
    """Wait for the driver's threads: one whose connection failed still tells the event loop so, which must be there."""
    for thread in threading.enumerate():
        if "connection_worker" in thread.name:
            thread.join(5)


def web_of(database: Database) -> TestServer:
    return TestServer(build_app(secret="unused here", store=never, notify=lambda: None, database=database))


async def test_without_tables_it_is_alive_but_not_ready(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}")
    async with TestClient(web_of(database)) as client:
        statuses = {path: (await client.get(path)).status for path in ("/healthz", "/readyz", "/metrics", "/")}
    assert statuses == {"/healthz": 200, "/readyz": 503, "/metrics": 503, "/": 503}
    await database.close()


async def test_a_database_that_cannot_be_opened_is_not_ready(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.sqlite3'}")
    async with TestClient(web_of(database)) as client:
        assert [(await client.get(path)).status for path in ("/healthz", "/readyz", "/")] == [200, 503, 503]
    await database.close()
    await asyncio.to_thread(join_drivers)


async def test_the_pages_count_and_name_nobody(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'signalbox.sqlite3'}")
    await upgrade(database.engine)
    async with database.session() as session:
        lane = {"kind": "plan", "installation_id": 1, "repository_id": 1, "full_name": "hidden/name", "number": 4711}
        await session.execute(insert(lanes).values(id=1, **lane))
        await session.execute(insert(plans).values(lane_id=1, memory="{}", started=True))
    async with TestClient(web_of(database)) as client:
        answers = {path: await client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/")}
        assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(answers, 200)
        texts = {path: await answer.text() for path, answer in answers.items()}
    assert "signalbox_open_plans 1.0" in texts["/metrics"]
    assert 'signalbox_deliveries{state="parked"} 0.0' in texts["/metrics"]
    assert "<dt>Parked deliveries</dt><dd>0</dd>" in texts["/"]
    assert "<dt>Running plans</dt><dd>1</dd>" in texts["/"]
    assert not [path for path, text in texts.items() if "hidden" in text or "4711" in text]
    await database.close()
