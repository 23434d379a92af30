"""Old and new processes side by side: the newest tables still take what the code before them writes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table

from bot.store import migrations
from bot.store.db import Database
from bot.store.migrate import newest, upgrade

FIRST = "0001"

#: What an old process writes into a column that it must fill.
SAMPLES: tuple[tuple[type[sa.types.TypeEngine[Any]], Any], ...] = (
    (sa.Boolean, False),
    (sa.Integer, 1),
    (sa.String, "x"),
    (sa.DateTime, datetime(2026, 11, 20, tzinfo=UTC)),
    (sa.LargeBinary, b"x"),
    (sa.JSON, []),
)


def revisions() -> list[tuple[str, str]]:
    """Return each migration with the one before it, oldest first, but for the first of all."""
    scripts = ScriptDirectory(migrations.__path__[0]).walk_revisions()
    pairs = [(str(each.down_revision), each.revision) for each in scripts if each.revision != FIRST]
    return list(reversed(pairs))


def tables_of(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name != "alembic_version")
    return metadata


def sample(table: Table) -> Mapping[str, Any]:
    """A row with nothing but what must be given; all numbers are 1, so that it refers to the others' rows."""
    return {
        column.name: next(value for kind, value in SAMPLES if isinstance(column.type, kind))
        for column in table.columns
        if column.primary_key or (not column.nullable and column.server_default is None)
    }


def forbidden(old: MetaData, new: MetaData) -> list[str]:
    """Return what a migration did to tables that older processes use: it may only add what they need not know of."""
    found = []
    for name, before in old.tables.items():
        after = new.tables.get(name)
        if after is None:
            found.append(f"{name} is gone")
            continue
        for column in before.columns:
            now = after.columns.get(column.name)
            if now is None:
                found.append(f"{name}.{column.name} is gone")
            elif str(now.type) != str(column.type) or (column.nullable and not now.nullable):
                found.append(f"{name}.{column.name} takes less than before")
        added = [column for column in after.columns if column.name not in before.columns]
        found += [
            f"{name}.{each.name} must be given" for each in added if not each.nullable and each.server_default is None
        ]
        found += [f"{name} has a new constraint: {each}" for each in sorted(strict(after) - strict(before))]
    return found


def strict(table: Table) -> set[str]:
    """The constraints of a table that can refuse a row."""
    unique = {
        f"unique {sorted(each.columns.keys())}" for each in table.constraints if isinstance(each, sa.UniqueConstraint)
    }
    unique |= {f"unique {sorted(each.columns.keys())}" for each in table.indexes if each.unique}
    keys = {f"{each.parent.name} in {each.target_fullname}" for each in table.foreign_keys}
    checks = {str(each.sqltext) for each in table.constraints if isinstance(each, sa.CheckConstraint)}
    return unique | keys | checks | {f"primary {sorted(table.primary_key.columns.keys())}"}


def test_the_newest_migration_is_known_by_its_file_name() -> None:
    assert newest() == ScriptDirectory(migrations.__path__[0]).get_current_head()


async def test_a_start_that_finds_the_newest_tables_changes_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    await upgrade(database.engine)
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(tables_of)
    await upgrade(database.engine)
    async with database.engine.connect() as connection:
        again = await connection.run_sync(tables_of)
        stamped = (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
    assert sorted(again.tables) == sorted(tables.tables)
    assert stamped == [newest()]
    await database.close()


@pytest.mark.parametrize(("before", "after"), revisions())
async def test_a_migration_leaves_the_tables_of_older_processes_usable(empty_url: str, before: str, after: str) -> None:
    database = Database(empty_url)
    await upgrade(database.engine, before)
    async with database.engine.connect() as connection:
        old = await connection.run_sync(tables_of)
    await upgrade(database.engine, after)
    async with database.engine.connect() as connection:
        assert forbidden(old, await connection.run_sync(tables_of)) == []
    async with database.engine.begin() as connection:
        for table in old.sorted_tables:
            await connection.execute(sa.insert(table).values(**sample(table)))
        for table in old.sorted_tables:
            assert len((await connection.execute(sa.select(table))).all()) == 1
    await database.close()


def test_what_older_processes_could_not_stand_is_noticed() -> None:
    old, new = MetaData(), MetaData()
    a, b, c = sa.Column("a", sa.Integer), sa.Column("b", sa.String(9)), sa.Column("c", sa.String(9))
    Table("kept", old, a, b, c)
    Table("dropped", old, sa.Column("a", sa.Integer))
    needed = sa.Column("d", sa.Integer, nullable=False)
    Table("kept", new, sa.Column("a", sa.Integer, unique=True), sa.Column("b", sa.String(5)), needed)
    assert forbidden(old, new) == [
        "kept.b takes less than before",
        "kept.c is gone",
        "kept.d must be given",
        "kept has a new constraint: unique ['a']",
        "dropped is gone",
    ]
