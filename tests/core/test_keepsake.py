"""What the status comment keeps, and whom it believes: nobody but the App's own seal, for this plan."""

import base64
import random
import time
import zlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.core.facts import Sealed
from bot.core.keepsake import (
    HEARD,
    LARGEST,
    Keepsake,
    Part,
    heard,
    is_heard,
    keep,
    pack,
    restored,
    size,
    unpack,
    was_heard,
)
from bot.core.marker import mark, read_marker
from bot.core.memory import Memory
from bot.core.model import Intent, IssueNumber, Key, Login, NodeId, Order
from bot.core.plan.reader import read_plan
from bot.core.plan.revision import revision_of
from bot.core.seal import Seal, read_sealed
from tests.build import NOW, a_start

SEAL = Seal.of(b"a secret of the tests")
PLACE = (77, IssueNumber(5))
BODY = (
    "# Plan\n\n## Workstreams\n\n### W1: Part\n- Branch: `part/w1`\n- Files: `a.py`\n\n### W2: More\n- Files: `b.py`\n"
)
ROOM = 60_000


def a_memory(body: str = BODY) -> Memory:
    """Of a plan that was started, with one hold."""
    order = Order(by=Login("mia"), at=NOW, reason="not on a Friday")
    intent = Intent(start=replace(a_start(), revision=revision_of(body)), held={Key("W1"): order})
    return Memory(
        intent=intent, approved_body=body, approved_plan=read_plan(body, "Plan"), comment=NodeId("IC_1"), heard=(3, 9)
    )


def kept(memory: Memory, room: int = ROOM) -> Keepsake:
    found = unpack(pack(memory, keep(memory, room)[0], room))
    assert found is not None
    return found


def noise(length: int) -> str:
    """Text that cannot be packed tighter."""
    return "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


# ---- what is kept ----


def test_what_github_cannot_say_comes_back_as_it_was() -> None:
    memory = a_memory()
    again = restored(kept(memory), body="edited since", title="Plan", now=NOW)
    assert again == replace(memory, comment=None)


def test_nothing_of_the_plan_is_needed_before_a_start() -> None:
    memory = Memory(heard=(3,), comment=NodeId("IC_1"))
    assert restored(kept(memory), body=BODY, title="Plan", now=NOW) == Memory(heard=(3,))


@pytest.mark.parametrize(
    ("change", "is_written"),
    [
        ({"heard": (3, 9, 11)}, False),
        ({"tip_at": NOW}, False),
        ({"checks": {"a": NodeId("CR_1")}}, False),
        ({"refusals": {"merge W1": "no"}}, False),
        ({"intent": replace(a_memory().intent, held={})}, True),
        ({"approved_body": BODY + "More\n"}, True),
        ({"good_config": "mode: manual\n"}, True),
        ({"drafts": False}, True),
    ],
)
def test_only_what_must_not_be_missing_is_worth_a_write(change: dict[str, object], *, is_written: bool) -> None:
    before = a_memory()
    after = replace(before, **change)  # type: ignore[arg-type]
    assert (keep(before, ROOM) != keep(after, ROOM)) is is_written


@pytest.mark.parametrize(
    ("body", "room", "found"),
    [
        (BODY, ROOM, Part.NEEDED),
        (BODY, size(a_memory()) - 1, Part.BODY),
        (BODY + noise(50_000), 30_000, Part.RECORD),
    ],
    ids=["all", "the text", "the record"],
)
def test_what_finds_no_room_is_left_out_the_least_needed_first(body: str, room: int, found: Part) -> None:
    memory = a_memory(body)
    part, _ = keep(memory, room)
    assert part is found
    assert len(pack(memory, part, room)) <= room
    few = kept(memory, room)
    assert (few.memory.approved_plan is None) is (found is not Part.NEEDED)
    assert (few.memory.approved_body is None) is (found is Part.RECORD)
    again = restored(few, body=body, title="Plan", now=NOW)
    assert (again.approved_body, again.approved_plan, again.intent) == (body, memory.approved_plan, memory.intent)


def test_a_text_that_was_not_kept_has_to_be_the_approved_one_ticks_aside() -> None:
    body = BODY + noise(70_000)
    few = kept(a_memory(body), 30_000)
    ticked = body.replace("### W1: Part", "### W1: Part ✅")
    assert restored(few, body=ticked, title="Plan", now=NOW).intent.start is not None
    edited = restored(few, body=body + "one word", title="Plan", now=NOW)
    assert edited.intent == Intent()
    assert "edited since" in edited.lost


def test_a_plan_that_reads_otherwise_now_is_paused() -> None:
    few = kept(a_memory(BODY + noise(70_000)), 30_000)
    other = restored(replace(few, plan="000000000000"), body=BODY + noise(70_000), title="Plan", now=NOW)
    assert other.intent.paused is not None
    assert "another plan" in other.intent.paused.reason


def test_what_finds_no_room_at_all_is_said_to_be_lost() -> None:
    few = kept(a_memory(), 200)
    assert not few.whole
    again = restored(few, body=BODY, title="Plan", now=NOW)
    assert again.intent == Intent()
    assert again.heard == (3, 9)
    assert again.lost


def test_a_comment_whose_commands_were_answered_is_known_however_many_there_are() -> None:
    memory = heard(Memory(), [0, *range(10, 10 + HEARD + 5)])
    assert len(memory.heard) == HEARD
    assert [was_heard(memory, serial) for serial in (0, 9, 10, 14, 15, 500)] == [False, True, True, True, True, False]
    assert [is_heard(memory, serial) for serial in (0, 9, 14, 15, 500)] == [False, False, False, True, False]
    assert not was_heard(heard(Memory(), [7]), 6)


def test_it_says_how_much_room_it_wants() -> None:
    memory = a_memory()
    assert len(pack(memory, Part.NEEDED, 0)) == 0
    assert keep(memory, size(memory))[0] is Part.NEEDED
    assert keep(memory, size(memory) - 1)[0] is not Part.NEEDED


# ---- whom it believes ----


def a_comment(payload: str = "AAAA", seal: Seal = SEAL) -> str:
    return seal.put(mark("## Status", "status"), payload, *PLACE)


def test_the_seal_stands_above_the_last_line_which_stays_readable() -> None:
    body = a_comment()
    assert read_marker(body) == read_marker(mark("## Status", "status"))
    sealed = read_sealed(body)
    assert sealed is not None
    assert SEAL.holds(sealed, *PLACE)


@pytest.mark.parametrize(
    "body",
    [
        a_comment().replace("AAAA", "AAAB"),
        a_comment(seal=Seal.of(b"another secret")),
        SEAL.put(mark("## Status", "status"), "AAAA", 78, IssueNumber(5)),
        SEAL.put(mark("## Status", "status"), "AAAA", 77, IssueNumber(50)),
        SEAL.put(mark("## Status", "status"), "AAAA", 7, IssueNumber(75)),
        a_comment("AAAA").replace(" AAAA ", " AAAAAAAA "),
    ],
    ids=["changed", "another key", "another repository", "another issue", "shifted", "longer"],
)
def test_what_was_not_sealed_for_this_plan_does_not_hold(body: str) -> None:
    sealed = read_sealed(body)
    assert sealed is not None
    assert not SEAL.holds(sealed, *PLACE)


@pytest.mark.parametrize(
    "body",
    [
        "",
        mark("## Status", "status"),
        a_comment() + "\nand more",
        a_comment()[:-40],
        a_comment().replace(" -->\n<!-- signalbox:status", "0 -->\n<!-- signalbox:status"),
        a_comment().replace("keepsake 1", "keepsake 2"),
        "<!-- signalbox-keepsake 1 " * 3000,
    ],
)
def test_what_is_cut_or_does_not_end_the_comment_is_nothing(body: str) -> None:
    assert read_sealed(body) is None


def test_a_seal_shows_no_key() -> None:
    assert SEAL.key.hex() not in repr(SEAL)
    assert str(SEAL.key) not in repr(SEAL)
    assert repr(Sealed(payload="AAAA", code="0" * 64)).count("AAAA") == 0


def test_the_key_is_that_of_rfc_5869() -> None:
    """As `cryptography` derives it."""
    wanted = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"signalbox keepsake 1").derive(b"a secret")
    assert Seal.of(b"a secret").key == wanted


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "not base64!",
        "AAAA",
        base64.b64encode(zlib.compress(b"not JSON")).decode(),
        base64.b64encode(zlib.compress(b"[" * 100_000)).decode(),
        base64.b64encode(zlib.compress(b'{"memory": 5}')).decode(),
        base64.b64encode(zlib.compress(b'{"memory": {"heard": ["x"]}}')).decode(),
        base64.b64encode(zlib.compress(b" " * (LARGEST + 1))).decode(),
        base64.b64encode(zlib.compress(b'{"memory": {}}')[:-3]).decode(),
    ],
    ids=["nothing", "letters", "noise", "words", "nested", "form", "type", "too large", "cut"],
)
def test_what_no_pack_made_is_nothing(payload: str) -> None:
    assert unpack(payload) is None


def test_a_seal_is_put_below_a_long_run_of_blanks_in_time() -> None:
    body = mark(f"a{' ' * 60_000}b", "status")
    started = time.thread_time()
    assert read_sealed(SEAL.put(body, "AAAA", 77, IssueNumber(5))) is not None
    assert time.thread_time() - started < 1
