"""The audit trail as a reply. `SIGNALBOX_GOLDEN=write` writes it anew."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from bot.core.facts import AuditEntry, AuditKind
from bot.core.model import Sha
from bot.core.render.log import LIMIT, log_reply
from bot.core.render.parts import size
from tests.golden import scenes
from tests.golden.test_hostile import HOSTILE, assert_harmless, texts
from tests.golden.test_texts import compare

HEAD = Sha("0a1b2c3" + "d" * 33)
START = AuditEntry(
    at=scenes.STARTED,
    kind=AuditKind.COMMAND,
    actor="ada",
    what="/signalbox start",
    why="admin",
    outcome="done",
    source="comment:1:1",
    delivery="9d1f7c6a",
    turn="52ab1c0d",
)
MERGE = AuditEntry(
    at=scenes.NOW - timedelta(hours=1),
    kind=AuditKind.ACTION,
    actor="",
    what="merge W1 (#11)",
    why="the config says mode: auto; every gate passes: order, checks, review",
    sha=HEAD,
    outcome="refused",
    detail="At least 1 approving review is required by reviewers with write access.",
)
TRAIL = (
    AuditEntry(
        at=scenes.NOW, kind=AuditKind.PLAN, actor="", what="the plan is completed",
        why="every workstream has landed or was skipped", sha=scenes.BASE_SHA,
    ),
    replace(MERGE, at=scenes.NOW - timedelta(minutes=3), what="merge W2 (#12)", outcome=None, detail=""),
    replace(MERGE, at=scenes.NOW - timedelta(minutes=50), outcome="done", detail="", result="f" * 40),
    MERGE,
    replace(START, actor="rita", what="/sb cancel we | stop @ada", why="read", outcome="refused", sha=HEAD),
    replace(MERGE, at=scenes.STARTED, what="create settings, store and index", why="the plan was started by ada",
            sha=scenes.BASE_SHA, outcome="done", detail=""),
    START,
)  # fmt: skip


def test_the_reply_of_log() -> None:
    compare("reply_log", log_reply(scenes.midway(), TRAIL))


@settings(max_examples=15, deadline=None)
@given(texts)
def test_nothing_that_people_or_github_wrote_does_anything(text: str) -> None:
    nasty = [
        replace(each, actor=text[:39] if each.actor else "", what=text, why=text, detail=text, outcome="refused")
        for each in TRAIL
    ]
    reply = log_reply(scenes.midway(), nasty)
    assert_harmless(reply)
    assert len(reply.splitlines()) == 4 + len(TRAIL) + 2


def test_a_hundred_long_entries_fit_into_a_comment() -> None:
    long = "\n".join(HOSTILE) * 20
    entries = [replace(START, what=long, why=long, detail=long)] * 100
    reply = log_reply(scenes.midway(), entries)
    assert size(reply) < LIMIT + 1000
    assert "more" in reply
