"""Looking at a plan's surroundings: in its time, and without harm where it fails."""

from datetime import timedelta

import pytest

from bot.core import liveness
from bot.core.examination import Grant
from bot.errors import ReadFailed
from tests.build import an_examination
from tests.worker.fake import Fake
from tests.worker.lane import Lane


async def test_a_new_plan_is_not_examined_in_its_first_turn(lane: Lane, github: Fake) -> None:
    await lane.turn()
    assert github.examinations == 0


async def test_an_examination_that_fails_ends_no_turn_and_waits_for_the_next_time(
    lane: Lane, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "FIRST_LOOK", timedelta(0))
    await lane.turn()
    github.examination = ReadFailed("GET /app: no answer within 10 s")
    decision = await lane.turn()
    assert decision is not None
    await lane.turn()
    assert github.examinations == 1


async def test_what_it_finds_is_shown_and_remembered(lane: Lane, github: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "FIRST_LOOK", timedelta(0))
    await lane.turn()
    github.examination = an_examination(granted=Grant(permissions={}, events=frozenset()))
    await lane.turn()
    decision = await lane.turn()
    assert github.examinations == 1
    assert decision is not None
    assert "permission-contents" in {each.code for each in decision.view.symptoms}
