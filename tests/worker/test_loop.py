"""What the loops keep in mind between transactions."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select

from bot.store import inbox
from bot.store.db import Database
from bot.store.tables import lanes
from bot.worker.loop import Bell, Worker
from tests.build import APP
from tests.worker.fake import Fake
from tests.worker.lane import SEAL

BODY = {
    "action": "edited",
    "repository": {"id": 77, "node_id": "R_77", "full_name": "octo/demo"},
    "installation": {"id": 5},
}


async def test_a_repository_is_noted_again_after_a_commit_that_the_database_did_not_get(
    database: Database, github: Fake
) -> None:
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    worker.stop()  # one step of the loop then waits for nothing
    async with database.session() as session:
        await inbox.accept(session, "guid-1", "label", json.dumps(BODY).encode(), datetime.now(UTC))

    def break_off(_connection: object) -> None:
        event.remove(database.engine.sync_engine, "commit", break_off)
        raise ConnectionResetError

    event.listen(database.engine.sync_engine, "commit", break_off)
    with pytest.raises(ConnectionResetError):
        await worker._intake()
    await worker._intake()
    async with database.session() as session:
        assert (await session.execute(select(lanes.c.full_name))).scalars().all() == ["octo/demo"]
