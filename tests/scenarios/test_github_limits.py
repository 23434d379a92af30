"""Stories of a GitHub that is busy: limits, broken answers, half answers. Everything comes about in the end, and once."""

from datetime import timedelta
from typing import Any

import pytest

from bot.github import governor
from bot.worker import apply
from tests.scenarios.once import nothing_doubled
from tests.scenarios.openings import opening
from tests.scenarios.play import Play

PAIR = {"W1": [], "W2": ["W1"]}


async def assert_landed_once(play: Play, *, replies: int = 0) -> None:
    """W1 has landed and W2 knows it; nothing is there twice and nothing is left to complain about."""

    async def told() -> bool:
        return "1 of 2 done" in await play.status()

    await play.until(told)
    await play.settled()
    assert await play.merged() == ["W1"]
    assert await play.stage("W2") == "ready"
    assert len(await play.all_pulls()) == 2
    assert await play.check("W2") is not None  # and not two
    assert len([each for each in await play.comments() if each["user"]["login"] == "signalbox[bot]"]) == 1 + replies
    tags = await play.get(f"/git/matching-refs/tags/signalbox/{play.issue}/")
    assert [each["ref"].rsplit("/", 1)[1] for each in tags] == ["cp-0", "cp-1"]
    assert "Refused by GitHub" not in await play.status()
    await nothing_doubled(play)


@opening(Play.start_plain, PAIR, protect=True)
@pytest.mark.parametrize("resource", ["core", "graphql"])
async def test_a_quota_that_is_used_up_is_waited_for(play: Play, resource: str) -> None:
    await play.faults({"webhooks": {"hold": True}})
    await play.hand_in("W1")
    await play.forget_requests()
    await play.faults({"rate_limit": {resource: {"remaining": 0, "reset_in": 2}}})

    async def refused() -> list[Any]:
        asked = await play.requests()
        return [each for each in asked if each["status"] == 403 or (resource, each["path"]) == ("graphql", "/graphql")]

    await play.until(refused)
    await play.faults({})
    await assert_landed_once(play)
    assert len([each for each in await play.requests() if each["status"] == 403]) <= 1  # nobody asked again in vain


@pytest.mark.parametrize(
    ("match", "refusal"),
    [
        pytest.param("POST /graphql mutation:*", {"status": 403, "headers": {"Retry-After": "1"}}, id="403"),
        pytest.param("PUT /repos/*/merge", {"status": 429}, id="429, no time named"),
    ],
)
async def test_a_secondary_limit_is_waited_for(
    play: Play, monkeypatch: pytest.MonkeyPatch, match: str, refusal: dict[str, Any]
) -> None:
    monkeypatch.setattr(governor, "SECONDARY_WAIT", timedelta(seconds=1))
    await play.start_plain(PAIR, protect=True)
    words = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    await play.faults({"api": [{"match": match, "body": words, **refusal}]})
    await play.hand_in("W1")
    await assert_landed_once(play)


async def test_every_tenth_request_may_fail_or_lose_its_answer(play: Play) -> None:
    """Reads are asked again, writes looked at again: whether one took effect does not matter."""
    lost: list[dict[str, Any]] = [
        {"match": "POST /graphql mutation:createCheckRun", "status": 502, "after": True},
        {"match": "POST /graphql mutation:updateIssueComment", "status": 0, "after": True},
        {"match": "POST /graphql mutation:addLabelsToLabelable", "status": 500},
        {"match": "PUT /repos/*/merge", "status": 504, "after": True},
        {"match": "POST /graphql mutation:updateRefs", "status": 0, "after": True},
        {"match": "POST /app/*/access_tokens", "times": 2, "status": 503},
        {"match": "GET /repos/*/permission", "times": 2, "status": 500},
    ]
    await play.start_plain(PAIR, protect=True)
    await play.faults({"api": lost, "mergeable_unknown": 1})
    await play.hand_in("W1")
    await assert_landed_once(play)


async def test_what_appears_late_is_not_written_twice(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub said that a comment or a check failed, and wrote it all the same a while later."""
    monkeypatch.setattr(apply, "LATEST", timedelta(seconds=3))
    late = [
        {"match": f"POST /graphql mutation:{each}", "times": times, "status": 502, "late_ms": 1600}
        for each, times in (("addComment", 2), ("createCheckRun", 1))
    ]
    await play.faults({"api": late})
    await play.start_plain(PAIR, protect=True)
    await play.say("mia", "/signalbox status")
    await play.until(play.replies)
    await play.hand_in("W1")
    await assert_landed_once(play, replies=1)


@opening(Play.start_plain, PAIR, protect=True)
async def test_half_an_answer_is_no_answer(play: Play) -> None:
    """Without the check that runs on it the head would look as green as it was."""
    before = await play.status()
    parts = ("repository.base", "repository.issue", "repository.p0", "repository.tags")
    await play.faults({"api": [{"match": "POST /graphql", "partial": part} for part in parts]})
    await play.forget_requests()
    await play.push("part/w1", "w1.txt", "work\n")

    async def read() -> bool:
        return len([each for each in await play.requests() if each["path"] == "/graphql"]) >= len(parts)

    await play.until(read)
    asked = (await play.requests())[: len(parts)]
    assert [each["fields"] for each in asked] == [[]] * len(parts)  # nothing was written from what was half known
    await play.until_stage("W1", "running")
    assert await play.status() != before
    await nothing_doubled(play)
