"""Named points at which a process of Signalbox can be killed: around each transaction and each write to GitHub.

Put into a process before it is Signalbox, for tests only. What is reached is noted in a folder that all processes of a
story share, so that each point is somebody's first time once.
"""

import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from bot import settings
from bot.github.call import Call
from bot.github.transport import Transport
from bot.store import lanes
from bot.store.db import Database, is_postgresql
from bot.store.lanes import Lease

MUTATION = re.compile(r"\ba\d+: (\w+)\(input")

#: Where a point is; none begins as another does.
BEFORE, IN_THE_END, AFTER, AFTER_NOTHING = "before", "at the end of", "after", "nothing changed in"
EVERYWHERE = (BEFORE, IN_THE_END, AFTER, AFTER_NOTHING)

#: What the turn that runs has written to GitHub last.
_wrote: ContextVar[tuple[str, ...]] = ContextVar("wrote", default=("nothing",))


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one story. The first process to reach one dies there, if it is of a deadly kind."""

    folder: Path
    deadly: tuple[str, ...] = EVERYWHERE  # the beginnings of the points' names
    whole: bool = False  # they are whole names
    context: bool = False  # tell transactions apart by what their turn wrote before
    _seen: set[str] = field(default_factory=set, compare=False)

    def install(self) -> None:
        """Watch over this process from here on."""
        (self.folder / "points").mkdir(parents=True, exist_ok=True)
        self.follow()
        # that the key's numbers are primes was found out by the process before: it takes a third of a start
        _patch(settings, "load_pem_private_key", lambda load: partial(load, unsafe_skip_rsa_key_validation=True))
        _patch(Database, "session", lambda session: _sessions(self, session))
        _patch(Database, "write", lambda write: _works(self, write))
        _patch(Database, "fetch", lambda fetch: _statements(self, fetch))
        _patch(Transport, "_write", lambda write: _writes(self, write))

    def follow(self) -> None:
        """Note which leases this process takes from here on, and nothing else."""
        (self.folder / "leases").mkdir(parents=True, exist_ok=True)
        _patch(lanes, "claim", lambda claim: _claims(self, claim))

    def reached(self) -> list[str]:
        """Return the points that were reached, by name."""
        return sorted(unquote(each.name) for each in (self.folder / "points").iterdir())

    def killing(self, names: Iterable[str]) -> list[str]:
        """Return those of the points at which somebody dies."""
        if self.whole:
            return [name for name in names if name in self.deadly]
        return [name for name in names if name.startswith(self.deadly)]

    def claimed_by(self, process: int) -> list[str]:
        """Return the tokens of the leases that a process took, so that they can be ended once it is dead."""
        note = self.folder / "leases" / str(process)
        return note.read_text().split() if note.exists() else []

    def note_lease(self, token: str) -> None:
        """Write down that this process took a lease."""
        with (self.folder / "leases" / str(os.getpid())).open("a") as note:
            note.write(f"{token}\n")

    def at(self, names: Iterable[str]) -> None:
        """Be at points; die if one of them is new to everybody."""
        new = [name for name in names if self._is_new(name)]
        if self.killing(new):
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_new(self, name: str) -> bool:
        if name in self._seen:
            return False
        self._seen.add(name)
        try:
            (self.folder / "points" / quote(name, safe=" ")).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@dataclass(slots=True)
class _Watched(AbstractAsyncContextManager[AsyncSession]):
    """A transaction with a point before it, one inside its end, and one after it."""

    points: Points
    place: str
    inner: AbstractAsyncContextManager[AsyncSession]
    session: AsyncSession | None = None
    before: int = 0

    async def __aenter__(self) -> AsyncSession:
        self._at(BEFORE)
        self.session = await self.inner.__aenter__()
        self.before = await _changes(self.session)
        return self.session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self.session is not None
        changed = error is None and await _changes(self.session) != self.before
        if changed:
            self._at(IN_THE_END)
        done = await self.inner.__aexit__(kind, error, trace)
        if error is None:
            self._at(AFTER if changed else AFTER_NOTHING)
        return done

    def _at(self, when: str) -> None:
        since = _wrote.get() if self.points.context else ("",)
        self.points.at(f"{when} {self.place}{each and f' since {each}'}" for each in since)


async def _changes(session: AsyncSession) -> int:
    """Return a number that moves with what a transaction changes, by the word of the database."""
    return await (await session.connection()).run_sync(_changes_on)


def _changes_on(connection: Connection) -> int:
    asked = "SELECT txid_current_if_assigned()" if is_postgresql(connection) else "SELECT total_changes()"
    return connection.execute(text(asked)).scalar() or 0


def _sessions(points: Points, session: Callable[[Database], Any]) -> Callable[[Database], Any]:
    def watched(database: Database) -> _Watched:
        return _Watched(points, _place(sys._getframe(1)), session(database))

    return watched


def _works(points: Points, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Have the same points around a transaction that is no session: what the web side stores goes that way."""

    def watched(database: Database, work: Callable[[Connection], Any]) -> Awaitable[Any]:
        return _worked(points, _room(sys._getframe(1)), partial(write, database), work)

    return watched


async def _worked(points: Points, place: str, write: Callable[..., Awaitable[Any]], work: Callable[..., Any]) -> Any:
    changed = False

    def watched(connection: Connection) -> Any:
        nonlocal changed
        before = _changes_on(connection)
        done = work(connection)
        changed = _changes_on(connection) != before
        if changed:
            points.at([f"{IN_THE_END} {place}"])
        return done

    points.at([f"{BEFORE} {place}"])
    done = await write(watched)
    points.at([f"{AFTER if changed else AFTER_NOTHING} {place}"])
    return done


def _statements(points: Points, fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Have a point before a statement that is a transaction by itself, and one after it."""

    def watched(database: Database, *given: Any) -> Awaitable[Any]:
        return _stated(points, _room(sys._getframe(1)), partial(fetch, database, *given))

    return watched


async def _stated(points: Points, place: str, fetch: Callable[..., Awaitable[Any]]) -> Any:
    points.at([f"{BEFORE} {place}"])
    rows = await fetch()
    points.at([f"{AFTER if rows else AFTER_NOTHING} {place}"])
    return rows


def _place(frame: FrameType) -> str:
    return f"{_room(frame)}:{frame.f_lineno}"


def _room(frame: FrameType) -> str:
    """Return the function: which of its lines stores differs from one database to the other."""
    module = str(frame.f_globals["__name__"]).removeprefix("bot.")
    return f"{module}.{frame.f_code.co_qualname}"


def _writes(points: Points, write: Callable[..., Any]) -> Callable[..., Any]:
    async def watched(transport: Transport, call: Call, *, weight: int) -> Any:
        kinds = _kinds(call)
        points.at(f"{BEFORE} {kind}" for kind in kinds)
        reply = await write(transport, call, weight=weight)
        points.at(f"{AFTER} {kind}" for kind in kinds)
        _wrote.set(kinds)
        return reply

    return watched


def _kinds(call: Call) -> tuple[str, ...]:
    """Return the names of what a request writes."""
    fields = MUTATION.findall((call.body or b"").decode()) if call.resource == "graphql" else []
    return tuple(sorted(set(fields))) or (f"{call.method} {call.route}",)


def _claims(points: Points, claim: Callable[..., Any]) -> Callable[..., Any]:
    async def watched(*given: Any, **named: Any) -> Lease | None:
        lease: Lease | None = await claim(*given, **named)
        if lease is not None:
            points.note_lease(lease.token)
            _wrote.set(("nothing",))
        return lease

    return watched


def _patch(owner: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, wrap(getattr(owner, name)))
