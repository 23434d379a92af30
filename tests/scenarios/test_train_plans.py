"""Stories of two plans on one base: one has the turn, the other waits for it, and nobody stands in anybody's way."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scenarios.openings import Opening, opened
from tests.scenarios.play import READY, Play, plan_of
from tests.scenarios.rollbacks import BAD, QUICK, break_with, bring, merged, rollback_pull, says


async def two_plans(play: Play) -> None:
    """Start two plans on main: A1 and A2, and B1 and B2; no workstream needs another. The play is left with the second."""
    await play.configure(QUICK)
    for letter in "AB":
        await play.start(plan_of({f"{letter}1": [], f"{letter}2": []}, acceptance=False), protect=False)


@pytest.fixture
async def plans(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Play, Play]]:
    """The two plans, started."""
    async with opened(tmp_path, tmp_path_factory, Opening(two_plans, "two plans")) as play:
        other = replace(play)
        plans = await play.get("/issues?labels=plan&direction=asc")
        play.issue, other.issue = (each["number"] for each in plans)
        play.pulls = {key: number for key, number in other.pulls.items() if key in {"A1", "A2"}}
        yield play, other


@contextlib.asynccontextmanager
async def late_ci(play: Play) -> AsyncIterator[list[str]]:
    """Have the base's CI say nothing by itself; the list holds the tips that it has heard of."""
    heard: list[str] = []

    async def silent(sha: str) -> str | None:
        heard.append(sha)
        return None

    play.base_ci = silent
    yield heard


async def test_one_merges_after_the_other_and_each_is_verified_before_the_next(plans: tuple[Play, Play]) -> None:
    one, other = plans
    async with late_ci(one) as heard:
        for play, key in ((one, "A1"), (other, "B1"), (one, "A2"), (other, "B2")):
            await bring(play, key)
            await play.settled()
        order: list[int] = []
        for _ in range(4):
            await one.settled()
            state = (await one.state())["octo/demo"]
            assert len(state["merges"]) == len(order) + 1  # never two that are not verified
            order.append(state["merges"][-1])
            assert heard[-1] == await one.tip()
            await one.report(heard[-1], "success")
        await one.settled()
    assert order == [one.pulls["A1"], other.pulls["B1"], one.pulls["A2"], other.pulls["B2"]]
    assert "This plan is complete" in await one.status()
    assert "This plan is complete" in await other.status()


async def test_who_waits_says_who_has_the_turn_and_why(plans: tuple[Play, Play]) -> None:
    one, other = plans
    async with late_ci(one):
        await bring(one, "A1")
        await merged(one, "A1")
        await bring(other, "B1")
        await other.settled()
        check = await other.check("B1")
        words = check["output"]["title"] + check["output"]["summary"]
        assert check["status"] == "in_progress"
        assert f"#{one.issue} has its turn on `main`" in words
        assert "A1" in words
        assert await other.stage("B1") == "queued"
        assert f"plan #{other.issue} with B1" in await says(one, "Also waiting for `main`")
        await one.report(await one.tip(), "success")
        await merged(other, "B1")


@pytest.mark.parametrize("stuck", ["red checks", "a conflict"])
async def test_what_is_stuck_in_one_plan_blocks_neither_it_nor_the_other(plans: tuple[Play, Play], stuck: str) -> None:
    one, other = plans
    if stuck == "red checks":
        pull = await one.pull("A1")
        await one.report(await one.push("part/a1", "a1.txt", "A1\n"), "failure")
        await one.graphql("wim", READY, {"id": pull["node_id"]})
    else:
        await one.push("main", "a1.txt", "theirs\n")
        await bring(one, "A1")
    await bring(other, "B1")
    await other.until_stage("B1", "done")
    await bring(one, "A2")
    await one.until_stage("A2", "done")
    assert not (await one.pull("A1"))["merged"]


async def test_a_merge_that_github_refuses_blocks_nobody(plans: tuple[Play, Play]) -> None:
    one, other = plans
    refused = {"match": f"PUT /repos/*/pulls/{one.pulls['A1']}/merge", "times": 1000, "status": 405}
    await one.faults({"api": [{**refused, "body": {"message": "A rule of the organisation forbids it"}}]})
    await bring(one, "A1")
    await says(one, "A rule of the organisation forbids it")
    await bring(other, "B1")
    await other.until_stage("B1", "done")
    await bring(one, "A2")
    await one.until_stage("A2", "done")
    assert not (await one.pull("A1"))["merged"]


async def test_a_plan_that_is_cancelled_gives_its_turn_back(plans: tuple[Play, Play]) -> None:
    one, other = plans
    async with late_ci(one):
        await bring(one, "A1")
        await merged(one, "A1")
        await bring(other, "B1")
        await other.settled()
        assert await other.stage("B1") == "queued"
        await one.say("ada", "/signalbox cancel")
        await merged(other, "B1")


async def test_a_broken_base_keeps_the_other_plan_until_it_is_rolled_back(plans: tuple[Play, Play]) -> None:
    one, other = plans
    break_with(one, BAD)
    good = await one.tree("main")
    await bring(one, "A1", {BAD: "bad\n"})
    pull = await rollback_pull(one)
    await bring(other, "B1")
    await other.settled()
    check = await other.check("B1")
    assert f"rolled back in #{pull['number']}" in check["output"]["title"] + check["output"]["summary"]
    assert not (await other.pull("B1"))["merged"]
    await one.report(pull["head"]["sha"], "success")
    await one.settled()
    await one.do("ada", "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "squash"})
    await other.until_stage("B1", "done")
    assert set(await one.tree("main")) == {*good, "b1.txt"}


@pytest.mark.parametrize("how", ["the label is taken away", "the issue is closed"])
async def test_a_plan_that_people_put_away_keeps_the_turn_from_nobody(plans: tuple[Play, Play], how: str) -> None:
    one, other = plans
    async with late_ci(one):
        await bring(one, "A1")
        landed = await merged(one, "A1")
        await bring(other, "B1")
        await other.settled()
        if how == "the issue is closed":
            await one.do("mia", "PATCH", f"/issues/{one.issue}", {"state": "closed"})
        else:
            await one.do("mia", "DELETE", f"/issues/{one.issue}/labels/plan")
        await one.settled()
        await one.report(landed, "success")
        await merged(other, "B1")
    assert {"a1.txt", "b1.txt"} <= set(await one.tree("main"))
