"""What the status comment keeps of a plan's memory, so that the plan can go on if the database is lost.

GitHub says what is; what people asked for and what the base was proven to be it cannot say, so it is kept there, sealed
(seal.py). Pure. Must not be read before its seal was found good.
"""

import base64
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from bot.core.marker import digest_of
from bot.core.memory import Memory
from bot.core.model import Intent, Order, Plan, Revision
from bot.core.plan.reader import read_plan
from bot.core.survey import text_of
from bot.core.train import OURSELVES

BODY_LIMIT = 65_000  # characters of a comment, hidden lines included; GitHub takes 65,536
SPARE = 600  # characters: the hidden lines without the payload, and the sentence on what finds no room
LARGEST = 8 * 1024 * 1024  # bytes of a payload when unpacked; more is refused
HEARD = 200  # comments whose commands were answered are known one by one; all older ones count as answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepsake:
    """What is kept. Memory's fields that GitHub can say, or that only spare a read, have their defaults."""

    memory: Memory
    text: Revision | None = None  # where the approved body is missing: identifies it, ticks aside
    plan: str | None = None  # where the plan is missing: see `plan_digest`
    whole: bool = True  # False = there was no room for more than `memory.heard`


class Part(IntEnum):
    """How much of it finds room; each has all of those behind it."""

    EVERYTHING = 0
    NEEDED = 1  # without what only spares people a longer wait
    BODY = 2  # without the plan: it is read anew from the approved body
    RECORD = 3  # without the body: the has to be the one that was approved
    NOTHING = 4  # only which commands were answered


_ADAPTER = TypeAdapter(Keepsake)
_PLAN = TypeAdapter(Plan)


def keep(memory: Memory, room: int) -> tuple[Part, str]:
    """Return how much of the memory finds room, and a digest of what must not be missing from the comment.

    `room` is in characters. What changes without being worth a write of its own is not in the digest.
    """
    lasting = _lasting(memory)
    parts = (part for part in Part if part is not Part.EVERYTHING and _size(_json(lasting, part)) <= room)
    return next(parts, Part.NOTHING), digest_of(_json(lasting, Part.NEEDED).decode())


def size(memory: Memory) -> int:
    """Return how many characters are wanted at least."""
    return _size(_json(_lasting(memory), Part.NEEDED))


def pack(memory: Memory, part: Part, room: int) -> str:
    """Return the payload, in base64: that part of the memory as it is now; everything, or less, as it finds room."""
    wanted = (each for each in Part if each >= part or part is Part.NEEDED)
    packed = (_packed(_json(memory, each)) for each in wanted)
    return next((payload for payload in packed if len(payload) <= room), "")


def unpack(payload: str) -> Keepsake | None:
    """Return what was packed; None if it is nothing that `pack` makes, or unpacks to more than 8 MiB."""
    try:
        reader = zlib.decompressobj()
        text = reader.decompress(base64.b64decode(payload, validate=True), LARGEST)
        return _ADAPTER.validate_json(text) if reader.eof else None
    except (ValueError, zlib.error, ValidationError, RecursionError):
        return None


def restored(kept: Keepsake, *, body: str, title: str, now: datetime) -> Memory:
    """Return the memory to go on with; `body` and `title` are the issue's now.

    What cannot be known again is never guessed: `Memory.lost` then says why, and nobody has started the plan.
    """
    memory = kept.memory
    start = memory.intent.start
    if not kept.whole:
        return Memory(heard=memory.heard, lost="It was too much to be kept in this comment")
    if start is None:
        return memory
    if memory.approved_body is None:
        if text_of(body) != kept.text:
            edited = "The approved text was too long to be kept in this comment, and the issue was edited since"
            return Memory(heard=memory.heard, lost=edited)
        memory = replace(memory, approved_body=body)
    if memory.approved_plan is not None:
        return memory
    plan = read_plan(memory.approved_body or "", title)
    memory = replace(memory, approved_plan=plan)
    if plan_digest(plan) == kept.plan:
        return memory
    reason = "Read anew, the approved text gives another plan than before: look at it, then say `/signalbox resume`"
    order = Order(by=OURSELVES, at=now, reason=reason)
    return replace(memory, intent=replace(memory.intent, paused=memory.intent.paused or order))


def heard(memory: Memory, serials: Iterable[int]) -> Memory:
    """Return the memory with the comments noted whose commands were answered."""
    new = {each for each in serials if each} - set(memory.heard)
    return replace(memory, heard=tuple(sorted({*memory.heard, *new})[-HEARD:])) if new else memory


def is_heard(memory: Memory, serial: int, source: str = "") -> bool:
    """Say whether a command is known to be answered, by the number of its comment.

    After a loss so is all that was read then and did not wait for an answer: what else may come late was read as well.
    """
    since = memory.restored
    passed = since is not None and 0 < serial <= since.newest and source not in since.waiting
    return passed or serial in memory.heard


def was_heard(memory: Memory, serial: int) -> bool:
    """Say the same where comments are read anew after a loss; what lies too far back counts as answered."""
    known = memory.heard
    return serial in known or (len(known) >= HEARD and 0 < serial < known[0])


def plan_digest(plan: Plan) -> str:
    """Return what tells a plan from another one, line numbers included."""
    return digest_of(_PLAN.dump_json(replace(plan, origins=(), problems=())).decode())


def _needed(memory: Memory) -> Memory:
    plan = memory.approved_plan
    return Memory(
        intent=memory.intent,
        approved_body=memory.approved_body,
        approved_plan=replace(plan, origins=()) if plan is not None else None,
        good_config=memory.good_config,
        latest=memory.latest,
        tip=memory.tip,
        judged=memory.judged,
        landings=memory.landings,
        checkpoints=memory.checkpoints,
        rollbacks=memory.rollbacks,
        strays=tuple(replace(each, tree=None, before=None, tree_before=None) for each in memory.strays),
        adopted=memory.adopted,
        queued=memory.queued,
        drafts=memory.drafts,
        heard=memory.heard,
        lost=memory.lost,
    )


def _lasting(memory: Memory) -> Memory:
    """What the comment is written anew for: not what GitHub shows again, or what its next command brings anyway."""
    kept = _needed(memory)
    intent: Intent = replace(kept.intent, handed_in={}, retries={}, updates={})
    checkpoints = tuple(replace(each, tagged=False) for each in kept.checkpoints)
    return replace(kept, intent=intent, checkpoints=checkpoints, tip=None, judged={}, queued={}, heard=())


def _everything(memory: Memory) -> Memory:
    return replace(_needed(memory), seen=memory.seen, told=memory.told, tip_at=memory.tip_at)


_MEMORIES: dict[Part, Callable[[Memory], Memory]] = {
    Part.EVERYTHING: _everything,
    Part.NEEDED: _needed,
    Part.BODY: lambda memory: replace(_needed(memory), approved_plan=None),
    Part.RECORD: lambda memory: replace(_needed(memory), approved_plan=None, approved_body=None),
    Part.NOTHING: lambda memory: Memory(heard=memory.heard, lost=memory.lost),
}


def _json(memory: Memory, part: Part) -> bytes:
    plan, body = memory.approved_plan, memory.approved_body
    kept = Keepsake(
        memory=_MEMORIES[part](memory),
        text=text_of(body) if body is not None and part is Part.RECORD else None,
        plan=plan_digest(plan) if plan is not None and part in {Part.BODY, Part.RECORD} else None,
        whole=part is not Part.NOTHING or memory.intent.start is None,
    )
    return _ADAPTER.dump_json(kept, exclude_defaults=True)


@lru_cache(maxsize=256)
def _size(text: bytes) -> int:
    return len(_packed(text)) + HEARD * 8  # room for what is not in the digest


def _packed(text: bytes) -> str:
    return base64.b64encode(zlib.compress(text, 9)).decode()
