"""What an operator asks of the database on the command line: `signalbox deliveries` and `signalbox log`.

Needs no server, and may run beside one. Beside app.py, and like it between the parts and __main__.py. Must not speak to
GitHub, nor change anything but what `replay` says; prints what people typed in one line and without what a terminal obeys.
"""

import json
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.core.facts import AuditEntry
from bot.core.redaction import without_secrets
from bot.core.text import cut, printed, when
from bot.store import audit, inbox
from bot.store.db import Database
from bot.store.inbox import Stored

DONE, NOT_DONE = 0, 1  # exit codes
ERROR_SHOWN = 200  # characters of an error in a line


async def list_deliveries(url: str, states: Collection[str], *, as_json: bool) -> int:
    """Print the deliveries in these states, oldest first: one line, or one JSON object, each."""
    async with _opened(url) as database:
        if database is None:
            return NOT_DONE
        async with database.session() as session:  # printed after it: a slow reader must not hold up who writes
            found = await inbox.listed(session, states)
    for each in found:
        print(_json(asdict(each)) if as_json else _delivery(each))
    return DONE


async def replay(url: str, guids: Collection[str] | None) -> int:
    """Make parked deliveries new again, all of them for None; a worker takes them in within seconds."""
    async with _opened(url) as database:
        if database is None:
            return NOT_DONE
        async with database.session() as session:
            again = await inbox.replay(session, guids)
    for guid in sorted(again):
        print(f"{guid}: new again")
    missing = [guid for guid in guids or () if guid not in again]
    for guid in missing:
        print(f"{printed(guid)}: not known, or finished, so that nothing is left to replay", file=sys.stderr)
    if not again and not missing:
        print("No delivery is parked.")
    return NOT_DONE if missing else DONE


async def export_trail(url: str, full_name: str, number: int, *, as_json: bool) -> int:
    """Print the audit trail of a plan, or with number 0 of a repository's other pulls, oldest entry first."""
    async with _opened(url) as database:
        if database is None:
            return NOT_DONE
        async with database.session() as session:
            found = await audit.export(session, full_name, number)
    for each in found:
        print(_json(asdict(each)) if as_json else _entry(each))
    if not found:
        about = f"{full_name}#{number}" if number else full_name
        print(f"Nothing is written down about {printed(about)}.", file=sys.stderr)
    return DONE if found else NOT_DONE


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database | None]:
    """Open the database; None, with a word about why, if it cannot be reached or has no tables."""
    database = Database(url)
    try:
        await database.check()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        print(f"The database cannot be used: {printed(without_secrets(first))}", file=sys.stderr)
        yield None
    else:
        yield database
    finally:
        await database.close()


def _json(fields: dict[str, Any]) -> str:
    return json.dumps({name: _plain(value) for name, value in fields.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return getattr(value, "value", value)


def _delivery(each: Stored) -> str:
    due = f", due {when(each.due_at)}" if each.due_at is not None else ""
    error = f": {_line(each.error, ERROR_SHOWN)}" if each.error else ""
    tried = f", failed {each.attempts} times" if each.attempts else ""
    return f"{each.guid}  {each.event}  {when(each.received_at)}  {each.state}{tried}{due}{error}"


def _entry(each: AuditEntry) -> str:
    who = each.actor or "Signalbox"
    why = f" ({_line(each.why)})" if each.why else ""
    sha = f" at {each.sha[:7]}" if each.sha is not None else ""
    outcome = f": {each.outcome or 'end not known'}" if each.kind.value != "plan" else ""
    detail = f", {_line(each.detail)}" if each.detail else ""
    return f"{when(each.at)}  {_line(who)}  {_line(each.what)}{why}{sha}{outcome}{detail}"


def _line(text: str, limit: int = 500) -> str:
    return printed(cut(without_secrets(" ".join(text.split())), limit))
