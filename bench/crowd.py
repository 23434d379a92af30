"""Many active plans at little cost: plans that were started for real, and copies of their repository.

A copy has all that its original has, in the stand-in and in the store, under ids, a name and git objects of its own;
Signalbox takes turns over it as over any other plan, and puts right in the first one what a copy says of its original.
"""

import copy
import dataclasses
import re
import shutil
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, text

from bot.store.db import Database, is_postgresql, now
from bot.store.tables import journal, lanes, plan_branches, plans
from sandbox.model import Repository, decode_node_id, encode_node_id
from sandbox.world import World

TABLES = (lanes, plans, plan_branches, journal)
RECORDS = ("labels", "issues", "pulls", "comments", "reactions", "reviews", "suites", "runs", "statuses", "rules")
PARENTS = ("repository_id", "thread_id", "subject_id", "pull_id", "suite_id")
SLOW_CLOCK = 600.0  # seconds in which each plan at rest has a turn: more often than in production

_NODE = re.compile(r"\b[A-Z]{1,4}_[A-Za-z0-9_\-]{2,}")

Rows = dict[str, list[dict[str, Any]]]  # by table


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """How a copy of a repository differs from its original: its name, and its ids by a distance."""

    ids: frozenset[int]
    distance: int
    old: str  # "owner/name"
    new: str

    def id(self, value: int) -> int:
        """Return the copy's id for one of the original's; others stay."""
        return value + self.distance if value in self.ids else value

    def words(self, value: str) -> str:
        """Return a text that speaks of the copy."""
        return _NODE.sub(lambda found: self._node(found[0]), value).replace(self.old, self.new)

    def _node(self, node_id: str) -> str:
        decoded = decode_node_id(node_id)
        if decoded is None or not decoded[1][0].isdigit():
            return node_id
        kind, (first, *rest) = decoded
        return encode_node_id(kind, self.id(int(first)), *rest)


def copied(world: World, original: Repository, name: str) -> Copy:
    """Make a copy of a repository with all that hangs on it."""
    ids = {original.id}
    for table in RECORDS:
        for record in getattr(world.state, table).values():
            if any(getattr(record, parent, None) in ids for parent in PARENTS):
                ids |= {record.id, getattr(record, "issue_id", record.id)}
    made = Copy(
        frozenset(ids),
        world.state.last_id + 1 - min(ids),
        world.full_name(original),
        f"{world.owner(original).login}/{name}",
    )
    for table in ("repositories", *RECORDS):
        records = getattr(world.state, table)
        for record in [each for each in records.values() if each.id in ids]:
            twin = _twin(record, made)
            records[twin.id] = twin
    world.state.last_id = max(ids) + made.distance
    twin = world.state.repositories[made.id(original.id)]
    twin.name = name
    shutil.copytree(world.git(original).path, world.git(twin).path, symlinks=True)
    return made


def _twin(record: Any, made: Copy) -> Any:
    twin = copy.deepcopy(record)
    for field in dataclasses.fields(twin):
        value = getattr(twin, field.name)
        if isinstance(value, str):
            setattr(twin, field.name, made.words(value))
        elif isinstance(value, int) and (field.name == "id" or field.name.endswith("_id")):
            setattr(twin, field.name, made.id(value))
        elif field.name.endswith("_ids"):
            setattr(twin, field.name, [made.id(each) for each in value])
    return twin


async def rows_of(url: str) -> Rows:
    """Return what the store has of all plans at rest."""
    database = Database(url)
    async with database.session() as session:
        found = {
            table.name: [dict(row) for row in (await session.execute(select(table))).mappings()] for table in TABLES
        }
    await database.close()
    return found


def rows_for(rows: Rows, made: Copy, number: int) -> Rows:
    """Return the rows for the copy of that number."""
    first = number * (max(row["id"] for row in rows["lanes"]) + 1)

    def changed(name: str, value: Any) -> Any:
        if name in ("id", "lane_id"):
            return value + first
        if name == "repository_id":
            return made.id(value)
        return made.words(value) if isinstance(value, str) else value

    return {
        table: [{name: changed(name, value) for name, value in row.items()} for row in each]
        for table, each in rows.items()
    }


async def fill(url: str, many: list[Rows]) -> None:
    """Put rows into a migrated database, the plans' turns spread over the slow clock as those of plans at rest are."""
    database = Database(url)
    all_rows: Mapping[str, list[dict[str, Any]]] = {
        table.name: [row for rows in many for row in rows[table.name]] for table in TABLES
    }
    async with database.session() as session:
        began = await now(session)
        for number, lane in enumerate(all_rows["lanes"]):
            lane |= {"lease_token": None, "lease_until": None}
            if lane["due_at"] is not None:
                lane["due_at"] = began + timedelta(seconds=SLOW_CLOCK * number / len(all_rows["lanes"]))
        for table in TABLES:
            if all_rows[table.name]:
                await session.execute(insert(table), all_rows[table.name])
        if is_postgresql(session):
            largest = (await session.execute(select(func.max(lanes.c.id)))).scalar_one()
            await session.execute(text("SELECT setval(pg_get_serial_sequence('lanes', 'id'), :id)"), {"id": largest})
    await database.close()
