"""7. The loops that drive everything, and with tenure.py the only place outside transport that sleeps.

Stopping lets a turn that runs come to its end; what has not begun stays in the database for the next process.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.model import Login
from bot.core.redaction import without_secrets
from bot.core.seal import Seal
from bot.errors import GitHubError, LeaseLost
from bot.github.port import GitHub
from bot.metrics import Metrics
from bot.store import inbox, lanes
from bot.store.db import Database, is_away
from bot.store.installed import Repository
from bot.store.lanes import LaneKind, Lease
from bot.store.news import Channel, Listener
from bot.store.next_lane import Round
from bot.worker.intake import Letter, Own, read_all, take_in_all, takes_long
from bot.worker.outside import Outside
from bot.worker.reconcile import backoff, paced, turn
from bot.worker.resync import resync
from bot.worker.tenure import kept

log = structlog.get_logger()

POLL_SECONDS = 1.0  # how long a wake of another process may go unseen
HEARING_POLL_SECONDS = 5.0  # the same while what others announce is heard: then only a lost notice waits so long
LEAD_SECONDS = 0.5  # until a process that has taken over the lead notices
SHORTEST_REST = 0.05  # seconds; what is due but cannot be claimed is in somebody's hands for a moment
PAUSE_SECONDS = 5.0  # between tries at the most while the database is away, so that all goes on soon after it is back
INTAKE_BATCH = 20  # deliveries of one transaction
SLOW_AT_ONCE = 4  # of them that a worker keeps for itself, because they take long to read
READING = timedelta(minutes=1)  # so long the others leave those to it
OTHERS_FIRST = 10  # of so many claims one takes what is only due by the clock first: it waits, but not for ever
STOP_SECONDS = 25.0  # how long a running turn may take to end; a platform usually kills after 30


class Bell:
    """Rings when there may be work; whoever waits is woken at once instead of at the next poll.

    A ring while nobody waits is not lost: who looks for work notes `rung` first, and then waits only if it is the same.
    """

    def __init__(self) -> None:
        self.rung = 0  # how often it has rung
        self._waiting: set[asyncio.Event] = set()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self.rung += 1
        for event in self._waiting:
            event.set()

    async def wait(self, seconds: float, heard: int) -> None:
        """Return when it rings, at once if it has rung since it stood at `heard`, or after so many seconds."""
        if self.rung != heard:
            return
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        finally:
            self._waiting.discard(event)


@dataclass(slots=True)
class Worker:
    """Everything that works: intake, turns, resync. `run` returns when `stop` was called and all came to rest."""

    github: GitHub
    database: Database
    app_id: int
    seal: Seal  # on what status comments keep
    deliveries: Bell  # rung by the web side when a delivery was stored
    turns: int = 2  # how many turns at once
    resync_seconds: float = 300.0
    due: Bell = field(default_factory=Bell)
    metrics: Metrics = field(default_factory=Metrics)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _own: Own = field(init=False)
    _listener: Listener | None = field(init=False)  # None = no other process tells us anything
    _seen: dict[int, Repository] = field(default_factory=dict)  # as deliveries have shown them to this process

    _claims: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _round: Round = field(default_factory=Round)

    def __post_init__(self) -> None:
        self._own = Own(app_id=self.app_id, login=None)
        bells = {Channel.DELIVERIES: self.deliveries.ring, Channel.LANES: self.due.ring}
        self._listener = Listener(self.database, bells) if self.database.is_shared else None

    @property
    def patience(self) -> float:
        """How many seconds may pass without a look at the database."""
        return HEARING_POLL_SECONDS if self._listener is not None and self._listener.hears else POLL_SECONDS

    def stop(self) -> None:
        """Ask everything to come to rest."""
        self._stopping.set()
        self.deliveries.ring()
        self.due.ring()

    async def run(self) -> None:
        """Work until stopped."""
        outside = Outside(github=self.github, database=self.database)
        tasks = [
            asyncio.create_task(self._forever("intake", self._intake)),
            asyncio.create_task(self._forever("resync", self._resync)),
            *(asyncio.create_task(self._forever("turns", lambda: self._turn(outside))) for _ in range(self.turns)),
        ]
        if self._listener is not None:
            listener = self._listener
            tasks.append(asyncio.create_task(self._forever("news", lambda: listener.hear(self._stopping))))
        await self._stopping.wait()
        _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in late:
            log.warning("worker.cancelled", task=task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _forever(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Repeat a step; whatever goes wrong in one is logged and the next one starts from what is stored."""
        failures = 0
        while not self._stopping.is_set():
            try:
                await step()
                failures = 0
            except Exception as error:
                if is_away(error):
                    log.warning("database.away", loop=name, error=str(error))
                else:
                    log.exception("worker.failed", loop=name)
                failures += 1
                await self._pause(min(backoff(failures).total_seconds(), PAUSE_SECONDS))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _intake(self) -> None:
        heard = self.deliveries.rung
        now = datetime.now(UTC)
        try:
            alone, more = await self._take_in_quick_ones(now)
        except Exception as error:
            self._seen.clear()  # what was noted there is noted no more
            if is_away(error):
                raise
            log.exception("deliveries.failed")
            async with self.database.session() as session:
                alone = await inbox.take(session, INTAKE_BATCH, now)
            more = len(alone) == INTAKE_BATCH
        for delivery in alone:
            await self._take_in_alone(delivery, now)
        if not more and not self._stopping.is_set():
            await self.deliveries.wait(self.patience, heard)

    async def _take_in_quick_ones(self, now: datetime) -> tuple[list[inbox.Delivery], bool]:
        """Take in what is read at once; return some of what takes longer, for this worker alone, and whether more may wait."""
        async with self.database.session() as session:  # T2, for many at once: a transaction costs more than a row
            waiting = await inbox.take(session, INTAKE_BATCH, now)
            slow = [each for each in waiting if takes_long(each)]
            quick = read_all([each for each in waiting if not takes_long(each)])
            ends, woken = await self._taken(session, quick, now)
            alone = slow[:SLOW_AT_ONCE]
            if self.database.is_shared:
                await inbox.put_off(session, [each.guid for each in alone], now + READING)
        self._handled(ends, woken=woken)
        return alone, len(waiting) == INTAKE_BATCH or len(slow) > len(alone)

    async def _taken(
        self, session: AsyncSession, letters: Sequence[Letter], now: datetime
    ) -> tuple[list[tuple[str, str]], bool]:
        """Take in what was read; return each one's event and end, and whether that woke anything: most are only echoes."""
        ends = await take_in_all(session, letters, now, self._own, self._seen)
        return [(each.delivery.event, end) for each, end in zip(letters, ends, strict=True)], lanes.woken(session)

    def _handled(self, ends: Sequence[tuple[str, str]], *, woken: bool) -> None:
        for event, end in ends:
            self.metrics.handled(event, end)
        if woken:
            self.due.ring()

    async def _take_in_alone(self, delivery: inbox.Delivery, now: datetime) -> None:
        """Take in one that takes long, or may be bad, so that it holds up none of the others, unless somebody did meanwhile.

        It is read in a thread, outside any transaction.
        """
        try:
            letters = await asyncio.to_thread(read_all, [delivery])
            async with self.database.session() as session:  # T2
                held = await inbox.hold(session, [delivery.guid])
                ends, woken = await self._taken(session, letters if held else [], now)
        except Exception as error:
            ends, woken = [(delivery.event, await self._failed(delivery, error, now))], True
        self._handled(ends, woken=woken)

    async def _failed(self, delivery: inbox.Delivery, error: Exception, now: datetime) -> str:
        """Have a delivery tried again later, or parked; return which: "retried" or "parked"."""
        self._seen.clear()
        words = without_secrets(f"{type(error).__name__}: {error}")
        async with self.database.session() as session:
            over = await inbox.fail(session, delivery.guid, words, now)
        end = "parked" if over else "retried"
        log.error(f"delivery.{end}", guid=delivery.guid, event_name=delivery.event, exc_info=error)
        return end

    async def _turn(self, outside: Outside) -> None:
        heard = self.due.rung
        async with self.database.session() as session:  # T3
            urgent_first = next(self._claims) % OTHERS_FIRST != 0
            lease = await lanes.claim(session, urgent_first=urgent_first, turns=self._round)
            rest = await lanes.until_due(session) if lease is None else None
        if lease is None:
            await self.due.wait(self._until(rest), heard)
            return
        with structlog.contextvars.bound_contextvars(
            repository=lease.full_name, number=lease.number, lane=lease.lane_id, turn=lease.token[:8]
        ):
            started = asyncio.get_running_loop().time()
            end = await self._outcome_of(lease, outside)
            seconds = asyncio.get_running_loop().time() - started
        self.metrics.turns.labels(kind=lease.kind.value, outcome=end).observe(seconds)

    async def _outcome_of(self, lease: Lease, outside: Outside) -> str:
        """Do the turn; return how it ended: "done", "read_failed", "lease_lost" or "failed"."""
        try:
            async with kept(self.database, lease):
                read = await self._turned(lease, outside)
        except LeaseLost:
            log.info("turn.lease_lost")
            self.metrics.leases_lost.inc()
            return "lease_lost"
        except Exception as error:
            log.exception("turn.failed")
            await self._give_back(lease, without_secrets(f"{type(error).__name__}: {error}"))
            return "failed"
        return "done" if read else "read_failed"

    async def _turned(self, lease: Lease, outside: Outside) -> bool:
        now = datetime.now(UTC)
        if lease.kind is not LaneKind.PLAN:
            return await outside.turn(lease, now)
        decision = await turn(self.github, self.database, self.app_id, lease, now, self.metrics, seal=self.seal)
        return decision is not None

    def _until(self, due: timedelta | None) -> float:
        """How many seconds a turn may wait, if the next lane is due after so long."""
        return self.patience if due is None else min(max(due.total_seconds(), SHORTEST_REST), self.patience)

    async def _is_first(self) -> bool:
        """Wait until this is the process that looks after what no event told; when nobody can say that for long, it is."""
        until = asyncio.get_running_loop().time() + self.resync_seconds
        while self._listener is not None and not self._stopping.is_set():
            if self._listener.leads or (not self._listener.hears and asyncio.get_running_loop().time() > until):
                break
            await self._pause(LEAD_SECONDS)
        return not self._stopping.is_set()

    async def _introduce(self) -> None:
        """Learn our own login once. Until then echoes of our own writes cost a read each, nothing more."""
        try:
            slug = (await self.github.app()).slug
        except GitHubError as error:
            log.warning("app.unknown", error=str(error))
        else:
            self._own = Own(app_id=self.app_id, login=Login(f"{slug}[bot]"))

    async def _give_back(self, lease: Lease, error: str) -> None:
        """Release the lane of a turn that failed, as soon as the database is there: else it rests until its lease is over."""
        rest = paced(lease.failures, error=error[:500])
        while not self._stopping.is_set():
            try:
                async with self.database.session() as session:
                    await lanes.release(session, lease, wait=rest.wait, failures=rest.failures, error=rest.error)
            except LeaseLost:
                return
            except Exception as away:
                if not is_away(away):
                    raise
                await self._pause(backoff(0).total_seconds())
            else:
                return

    async def _resync(self) -> None:
        if self._own.login is None:
            await self._introduce()
        if not await self._is_first():
            return
        await resync(self.github, self.database, datetime.now(UTC), timedelta(seconds=self.resync_seconds))
        self.due.ring()
        await self._pause(self.resync_seconds)
