import asyncio
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, StatementError

from bot.store.db import WAL_PAGES, Database, database_now, is_away, now
from bot.store.migrate import upgrade
from bot.store.tables import deliveries, lanes, metadata, plans
from tests.databases import ONLY_POSTGRESQL, ONLY_SQLITE

ROW = {"guid": "a", "event": "push", "body": b"{}", "state": "new"}


async def test_migrating_twice_changes_nothing_and_keeps_the_data(database: Database) -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    async with database.session() as session:
        await session.execute(insert(deliveries).values(**ROW, received_at=moment))
    await upgrade(database.engine)
    async with database.session() as session:
        assert (await session.execute(select(deliveries.c.guid))).scalars().all() == ["a"]


async def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    processes = [Database(empty_url) for _ in range(4)]
    await asyncio.gather(*(upgrade(each.engine) for each in processes))
    for each in processes:
        await each.check()
        await each.close()


async def test_the_migrations_make_just_the_tables_that_the_code_uses(database: Database) -> None:
    def difference(connection: Connection) -> object:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(difference) == []


async def test_a_database_without_tables_is_not_ready(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises((OperationalError, ProgrammingError)):
        await database.check()
    await upgrade(database.engine)
    await database.check()
    await database.close()


async def test_a_block_that_raises_is_rolled_back(database: Database) -> None:
    async def write_and_stop() -> None:
        async with database.session() as session:
            await session.execute(insert(deliveries).values(**ROW, received_at=datetime.now(UTC)))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await write_and_stop()
    async with database.session() as session:
        assert (await session.execute(select(deliveries))).first() is None


@ONLY_SQLITE
async def test_acknowledged_means_on_disk(database: Database) -> None:
    async with database.session() as session:
        values = [
            (await session.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert values == ["wal", 2, 1, 15_000]


@ONLY_SQLITE
@pytest.mark.timeout(30)
async def test_what_was_written_moves_into_the_file_long_before_anybody_is_held_up_by_it(database: Database) -> None:
    file = Path(str(database.engine.url.database))
    for number in range(40):  # 4 MB; a commit that finds 16 in the log moves them itself
        row = ROW | {"guid": str(number), "body": os.urandom(100_000), "received_at": datetime.now(UTC)}
        await database.write(lambda connection, row=row: connection.execute(insert(deliveries).values(**row)))  # type: ignore[misc]
    while file.stat().st_size < 2_000_000:
        await asyncio.sleep(0.01)
    assert Path(f"{file}-wal").stat().st_size < WAL_PAGES * 4096


async def test_a_statement_by_itself_is_kept_and_quotes_nobody_when_it_fails(database: Database, url: str) -> None:
    at = "$1" if database.is_shared else "?"
    assert [row[0] for row in await database.fetch(f"SELECT CAST({at} AS integer)", 7)] == [7]
    with pytest.raises(OperationalError) as failed:
        await database.fetch(f"SELECT CAST({at} AS text) FROM nowhere", "a secret")
    assert "nowhere" in str(failed.value)
    assert "a secret" not in str(failed.value)
    await database.fetch(
        f"INSERT INTO {lanes.name} (kind, installation_id, repository_id, number, full_name) VALUES ('plan', 1, 1, 1, {at})",
        "o/r",
    )
    other = Database(url)
    async with other.session() as session:
        assert (await session.execute(select(lanes.c.full_name))).scalars().all() == ["o/r"]
    await other.close()


@ONLY_SQLITE
async def test_a_statement_that_meets_what_is_there_already_does_nothing(database: Database) -> None:
    row = "(?, 'push', '', '', 'new')"
    store = f"INSERT INTO deliveries (guid, event, received_at, body, state) VALUES {row}, {row}"
    await database.fetch(store, "a", "b")
    with pytest.raises(IntegrityError):
        await database.fetch(store, "c", "b")
    assert [row[0] for row in await database.fetch("SELECT guid FROM deliveries ORDER BY guid")] == ["a", "b"]


@ONLY_POSTGRESQL
async def test_bodies_are_compressed_the_quick_way_where_the_server_has_it(database: Database) -> None:
    can = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    way = "SELECT attcompression::text FROM pg_attribute WHERE attrelid = 'deliveries'::regclass AND attname = 'body'"
    async with database.session() as session:
        quick = (await session.execute(text(can))).scalar_one()
        assert (await session.execute(text(way))).scalar_one() == ("l" if quick else "")


@pytest.mark.parametrize(
    ("state", "away"),
    [("57P03", True), ("53300", True), ("08006", True), ("57014", False), ("42P01", False), ("", False)],
)
def test_a_server_that_is_starting_or_full_is_away(state: str, *, away: bool) -> None:
    class Refused(Exception):
        sqlstate = state

    assert is_away(OperationalError("SELECT 1", None, Refused())) is away


async def test_a_plan_needs_its_lane(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            await session.execute(insert(plans).values(lane_id=99, memory="{}"))


async def test_times_come_back_in_utc_and_naive_ones_are_refused(database: Database) -> None:
    there = datetime(2026, 11, 20, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    async with database.session() as session:
        await session.execute(insert(deliveries).values(**ROW, received_at=there))
        stored = (await session.execute(select(deliveries.c.received_at))).scalar_one()
    assert (stored, stored.utcoffset()) == (there, timedelta(0))
    with pytest.raises(StatementError, match="time zone"):
        async with database.session() as session:
            await session.execute(insert(deliveries).values(**(ROW | {"guid": "b"}), received_at=datetime(2026, 1, 1)))


async def test_the_clock_of_the_database_compares_with_stored_times(database: Database) -> None:
    async with database.session() as session:
        moment = await now(session)
        assert abs(moment - datetime.now(UTC)) < timedelta(seconds=5)
        later = (await session.execute(select(database_now(60)))).scalar_one()
        assert timedelta(seconds=59) < later - moment < timedelta(seconds=65)
        lane = {"kind": "plan", "installation_id": 1, "repository_id": 1, "full_name": "o/r"}
        for number, due_at in enumerate((moment - timedelta(milliseconds=1), moment + timedelta(minutes=1))):
            await session.execute(insert(lanes).values(**lane, number=number, due_at=due_at))
        due = select(lanes.c.number).where(lanes.c.due_at <= database_now())
        assert (await session.execute(due)).scalars().all() == [0]
