"""1. Delivery to commands and wakes: one transaction (T2), no network.

A webhook carries no work; it only says where to look again. The exception are commands: they are edges, and edges must be
stored to become levels. Must not decide anything about a plan.
"""

import hashlib
import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import registry
from bot.core.events import (
    BaseWake,
    BranchWake,
    Event,
    OutsideWake,
    PlanIssue,
    PullWake,
    RepositoryWake,
    TypedCall,
    Wake,
    is_read,
    read_event,
)
from bot.core.model import Login, NodeId, PullNumber, Role
from bot.errors import PayloadError
from bot.store import commands, inbox, installed, lanes
from bot.store.claims import owner_of, pull_of_branch
from bot.store.commands import NewCommand
from bot.store.installed import Repository

log = structlog.get_logger()

# An issue without a label is no plan; these actions on one with a label may have made it one.
PLAN_ACTIONS = frozenset({"opened", "edited", "labeled", "reopened", "transferred"})
LONG_BODY = 64 * 1024  # bytes
MOST_NAMED = 20  # lanes that a line of the log names: a new installation may wake thousands

Seen = MutableMapping[int, Repository]  # by id: each as the newest delivery showed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Who we are, to tell the echo of our own writes from news."""

    app_id: int
    login: Login | None  # None = not known yet; then every event is news

    def echo(self, event: Event, wake: Wake) -> bool:
        """Say whether an event only tells what the turn that wrote it knows already.

        A turn looks again by itself after a write from which more may follow. That the base moved is news to other plans,
        and a merge group to the turn over the repository.
        """
        if isinstance(wake, BaseWake | OutsideWake):
            return False
        if event.app_id not in {None, self.app_id}:
            return False  # CI that runs because of our commit may name us as the sender
        if event.app_id == self.app_id and event.action in {"created", "completed"}:
            return True  # of our check; asking to run it again is news
        return self.login is not None and event.sender == self.login

    def heard(self, event: Event) -> tuple[TypedCall, ...]:
        """Return the commands of an event: typed ones, and buttons of our own check, whoever else names one as ours."""
        return tuple(call for call in event.commands if call.comment_id is not None or event.app_id == self.app_id)


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery with what it says."""

    delivery: inbox.Delivery
    event: Event | PayloadError  # an error = it cannot be read


def takes_long(delivery: inbox.Delivery) -> bool:
    """Say whether reading it may take more than a millisecond: a large comment takes most of a second."""
    return delivery.event == "issue_comment" or len(delivery.body) > LONG_BODY


def read_all(waiting: Sequence[inbox.Delivery]) -> list[Letter]:
    """Return each with what it says. A thread may do it, and should for what takes long, outside any transaction.

    The event loop answers the webhook, and on SQLite nobody stores anything while a transaction is open.
    """
    return [Letter(each, _read(each)) for each in waiting]


async def take_in(session: AsyncSession, delivery: inbox.Delivery, now: datetime, own: Own, seen: Seen) -> str:
    """Read one and do it; see `take_in_all`."""
    return (await take_in_all(session, read_all([delivery]), now, own, seen))[0]


async def take_in_all(
    session: AsyncSession, letters: Sequence[Letter], now: datetime, own: Own, seen: Seen
) -> list[str]:
    """Turn deliveries into commands and wakes and close them, all in the caller's transaction (T2). Safe to repeat.

    `seen` holds the repositories that were noted already, so that most deliveries need not; empty it if the transaction fails.
    Returns what becomes of each: "done", "ignored" = of no use to us, or "parked" = it cannot be read, which another try
    would not change. Its GUID is bound to every line of the log meanwhile.
    """
    ends = []
    for letter in letters:
        with structlog.contextvars.bound_contextvars(guid=letter.delivery.guid):
            ends.append(await _taken(session, letter.delivery, letter.event, now, own, seen))
    closed = {each.delivery.guid: end for each, end in zip(letters, ends, strict=True) if end != "parked"}
    await inbox.finish_all(session, closed)
    unread = {each.delivery.guid: str(each.event) for each in letters if isinstance(each.event, PayloadError)}
    await inbox.park(session, unread)
    return ends


async def _taken(
    session: AsyncSession,
    delivery: inbox.Delivery,
    event: Event | PayloadError,
    now: datetime,
    own: Own,
    seen: Seen,
) -> str:
    """Store a delivery's commands and wake what it is news to; return how it is to be closed."""
    if isinstance(event, PayloadError):
        log.error("delivery.parked", event_name=delivery.event, error=str(event))
        return "parked"
    before = len(lanes.woken_lanes(session))
    await _installations(session, event, seen)
    about = _repository(event)
    if about is not None:
        await _follow(session, event, about, delivery, now, own, seen)
    woken = list(dict.fromkeys(lanes.woken_lanes(session)[before:]))
    log.info("delivery.done", event_name=event.name, action=event.action, lanes=woken[:MOST_NAMED], woken=len(woken))
    return "done" if is_read(event.name) else "ignored"


async def _follow(
    session: AsyncSession,
    event: Event,
    about: Repository,
    delivery: inbox.Delivery,
    now: datetime,
    own: Own,
    seen: Seen,
) -> None:
    """Note the repository, store the commands, wake what the event may have changed."""
    if seen.get(about.id) != about:
        if await installed.see(session, about):
            await lanes.wake(session, await about.lane(session))
        seen[about.id] = about
    await _plan_issue(session, event, about)
    for number, call in enumerate(own.heard(event)):
        await _command(session, about, call, _source(call, delivery, number), delivery.guid, now)
    for wake in event.wakes:
        if not own.echo(event, wake):
            await _wake(session, event, about, wake)


def _read(delivery: inbox.Delivery) -> Event | PayloadError:
    if not is_read(delivery.event):
        return Event(name=delivery.event, action="")
    try:
        return read_event(delivery.event, _payload(delivery.body))
    except PayloadError as error:
        return error


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise PayloadError("not a JSON object")
    return payload


def _source(call: TypedCall, delivery: inbox.Delivery, number: int) -> str:
    """Return what a command is known by, so that it counts once however often it is brought.

    The signature covers the body alone: whoever got hold of one can send it under a new GUID. A press that changes
    something is therefore known by its bytes, which tell the check as it stood: once pressed, it stands otherwise. The mark
    of the check goes along.
    """
    if call.comment_id is not None:
        return f"comment:{call.comment_id}:{call.line}"
    command = registry.load_commands().get(call.verb)
    asks = command is not None and not command.role.allows(Role.TRIAGE)
    known_by = delivery.guid if asks else hashlib.sha256(delivery.body).hexdigest()
    return f"button:{known_by}:{number}" + (f":{call.mark}" if call.mark else "")


def _repository(event: Event) -> Repository | None:
    if event.repository_id is None or event.installation_id is None or event.full_name is None:
        return None
    return Repository(id=event.repository_id, installation_id=event.installation_id, full_name=event.full_name)


async def _installations(session: AsyncSession, event: Event, seen: Seen) -> None:
    """Note the repositories that the App may act on from now on, and those that it may not any more."""
    if event.installation_id is None:
        return
    if event.installed:
        through = event.installation_id
        new = {each: Repository(id=each, installation_id=through, full_name=name) for each, name in event.installed}
        await installed.see_all(session, new.values())
        await lanes.wake_all(session, new)  # plans too: they rested, or were refused what is granted now
        seen.update(new)
    if event.removed or event.uninstalled:
        seen.clear()
    if event.removed:
        await installed.lose(session, [each for each, _ in event.removed], event.installation_id)
    if event.uninstalled:
        await installed.lose_installation(session, event.installation_id)


async def _plan_issue(session: AsyncSession, event: Event, about: Repository) -> None:
    """An issue with a label may be a plan: which label counts is in the repository's config, which the turn reads."""
    if event.name == "issues" and event.issue is not None and event.issue.labelled and event.action in PLAN_ACTIONS:
        await lanes.wake(session, await about.lane(session, event.issue.number))


async def _command(
    session: AsyncSession, about: Repository, call: TypedCall, source: str, guid: str, now: datetime
) -> None:
    """Store a command for the plan it is about; for the repository, if no plan is known to have its pull."""
    await lanes.in_order(session)  # before any row is changed: see lanes.py
    pull = call.pull
    if pull is None and call.issue is not None and call.head is not None:
        pull = await pull_of_branch(session, about.id, call.head)
    if call.issue is not None:
        lane: int | None = await about.lane(session, call.issue)
    else:
        lane = await owner_of(session, about.id, pull) if pull is not None else None
    if lane is None:
        lane = await about.lane(session)
    command = NewCommand(
        source=source,
        verb=call.verb,
        words=call.words,
        text=call.text,
        author=call.author,
        author_is_bot=call.author_is_bot,
        pull=pull,
        subject=call.subject or NodeId(""),
        comment=call.comment,
        comment_url=call.comment_url,
        at=call.at or now,
        delivery=guid,
    )
    if await commands.add(session, lane, command):
        await lanes.wake(session, lane)
        log.info("command.stored", lane=lane, source=command.source, verb=call.verb, author=call.author)


async def _wake(session: AsyncSession, event: Event, about: Repository, wake: Wake) -> None:
    """Wake whatever an event may have changed; once too often costs one read, once too seldom costs hours."""
    repository = about.id
    match wake:
        case PlanIssue(number=number):
            await lanes.wake_plans_of(session, repository, issue=number)
        case PullWake(number=pull, head=head):
            found = await lanes.wake_plans_of(session, repository, pull=pull, branch=head)
            if not found:
                await _wake_owner(session, event, about, pull)
        case BranchWake(name=branch):
            await lanes.wake_plans_of(session, repository, branch=branch)
        case BaseWake(name=branch):
            await lanes.wake_plans_of(session, repository, base=branch)
        case OutsideWake():
            await lanes.wake(session, await about.lane(session))
        case RepositoryWake():
            await lanes.wake_plans_of(session, repository)
        case _:
            assert_never(wake)


async def _wake_owner(session: AsyncSession, event: Event, about: Repository, pull: PullNumber) -> None:
    """Wake the finished plan that a pull belonged to, since a new head needs a check all the same; else the repository."""
    owner = await owner_of(session, about.id, pull)
    if owner is not None:
        await lanes.wake(session, owner)
    elif event.name == "pull_request":
        await lanes.wake(session, await about.lane(session))
