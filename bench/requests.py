"""Requests and writes of each operation on a plan of five, counted by the stand-in, beside the least that is possible."""

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from bench.result import Result
from bot import log
from bot.store import lanes
from tests.scenarios.play import READY, Play, plan_of, stage
from tests.scenarios.rollbacks import BAD, QUICK, break_with

NEEDS = {"W1": [], "W2": ["W1"], "W3": ["W1"], "W4": ["W2", "W3"], "W5": ["W4"]}
LOOK = 3 * len(NEEDS) + 4  # REST calls that read a whole plan; by GraphQL it is one

#: Operation -> requests at least, by REST with one call for each thing, and by GraphQL with as few batches as can be.
FLOOR = {
    "start": (36, 3),
    "push": (LOOK + 3, 2),  # a check, a label, the status comment
    "CI report": (LOOK + 3, 2),
    "approval": (LOOK + 3, 2),
    "merge, base verified, checkpoint": (2 * LOOK + 1 + 1 + 2 * 2 + 3, 5),  # two others wait for it
    "base broken, rollback opened": (3 * LOOK + 1 + 3 + 2 * 3, 8),  # merge; commit, branch, pull
    "a turn with nothing new": (LOOK, 1),
}


async def run() -> Result:
    """Play each operation once and count what it took until nothing was left to do."""
    log.configure("error")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with stage(Path(folder)) as play:
            counted = await _played(play)
    rows = [
        [name, str(counted[name][0]), str(counted[name][1]), str(by_rest), str(least)]
        for name, (by_rest, least) in FLOOR.items()
    ]
    return Result(
        title="Requests for each operation: all, those that write, and the least. Stated: never more than by REST\n"
        "with one call for each thing; a turn with nothing new is one request and writes nothing.",
        columns=("a plan of 5", "requests", "writes", "least by REST", "least by GraphQL"),
        rows=rows,
        method="Counted by the stand-in from the event until every check, label and comment shows it and nothing is left to "
        "do, the looks after a write included. The least: one look before a write and one after what GitHub has to work on, "
        "one call for each thing written (by REST), or one batch for all that do not need each other's answers (by GraphQL). "
        "Tokens are not counted.",
        exceeded="; ".join(_problems(counted)),
    )


def _problems(counted: Mapping[str, tuple[int, int]]) -> list[str]:
    """Return which stated limits are exceeded."""
    many = [
        f"{name}: {counted[name][0]} requests, by REST {most}"
        for name, (most, _) in FLOOR.items()
        if counted[name][0] > most
    ]
    quiet = counted["a turn with nothing new"]
    return many + ([f"a turn with nothing new: {quiet}"] if quiet != (1, 0) else [])


async def _played(play: Play) -> dict[str, tuple[int, int]]:
    """Return requests and writes by operation."""
    counted: dict[str, tuple[int, int]] = {}

    async def count(name: str, act: Callable[[], Awaitable[object]]) -> None:
        await play.settled()
        await play.forget_requests()
        await act()
        await play.settled()
        seen = [each for each in await play.requests() if "access_tokens" not in each["route"]]
        writes = [
            each for each in seen if each["method"] != "GET" and (each["fields"] or "graphql" not in each["route"])
        ]
        counted[name] = (len(seen), len(writes))

    await play.configure(QUICK)
    await play.plan(plan_of(NEEDS, acceptance=False))
    await play.until(play.status_comment)
    await count("start", lambda: play.say("ada", "/signalbox start"))
    play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in await play.all_pulls()}
    head = (await play.pull("W2"))["head"]["ref"]
    await count("push", lambda: play.push(head, "w2.txt", "W2\n"))
    await count("CI report", lambda: play.ci("W2"))
    await count("approval", lambda: play.approve("W2"))
    await count("a turn with nothing new", lambda: _look_again(play))
    await _ready(play, "W1", "w1.txt")
    await count("merge, base verified, checkpoint", lambda: play.ci("W1"))
    break_with(play, BAD)
    await _ready(play, "W3", BAD)
    await count("base broken, rollback opened", lambda: play.ci("W3"))
    assert await play.merged() == ["W1", "W3"]
    return counted


async def _look_again(play: Play) -> None:
    """Have the plan's turn come once more, without any news."""
    assert play.bot is not None
    async with play.bot.database.session() as session:
        [lane] = await lanes.find_plans(session, (await play.get(""))["id"])
        await lanes.wake(session, lane)


async def _ready(play: Play, key: str, path: str) -> None:
    """Do all but the last thing before a workstream may land."""
    pull = await play.pull(key)
    await play.push(pull["head"]["ref"], path, f"{key}\n")
    await play.graphql("wim", READY, {"id": pull["node_id"]})
    await play.settled()
