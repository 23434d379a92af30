"""Stories of Signalbox killed at every step of a rollback: it ends as if nothing had happened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.draws import LONG
from tests.scenarios.play import Play
from tests.scenarios.process import BotProcess, stage_apart
from tests.scenarios.rollbacks import BAD, begin, bring, merged

STEPS = {
    "the commit": "POST /repos/*/git/commits",
    "the branch": "POST /repos/*/git/refs",
    "the pull": "POST /graphql mutation:createPullRequest",
    "the merge": "PUT /repos/*/pulls/*/merge",
}
MOMENT_MS = 250  # how long GitHub takes for the request during which the kill comes


async def ci(play: Play, sha: str) -> str | None:
    """Pass what is good and say nothing by itself of what is bad."""
    return None if BAD in await play.tree(sha) else "success"


async def kill_during(play: Play, bot: BotProcess, match: str, *, written: bool) -> None:
    """Kill Signalbox while GitHub works on such a request; `written`: GitHub carries it out nevertheless."""
    fault = {"match": match, "times": 1, "delay_ms": MOMENT_MS}
    await play.faults({"api": [fault if written else {**fault, "status": 502}]})
    red = await play.tip()
    await play.report(red, "failure")

    async def under_way() -> bool:
        return bool(play.world.faults.settings.api[0].times == 0)

    under_way.__name__ = f"a request like {match}"
    await play.until(under_way)
    await bot.kill()
    await bot.start()


async def outcome(play: Play, key: str, number: int, landed: str, good: Mapping[str, Any]) -> dict[str, Any]:
    """Wait for the end of a rollback; return what the world looks like, told in words that fit every run."""
    await play.until_stage(key, "rolled-back")
    await play.settled()
    pulls = [each for each in await play.all_pulls() if each["head"]["ref"].endswith(f"/rollback-{number}")]
    built = await play.get(f"/git/commits/{pulls[0]['head']['sha']}")
    tip = await play.get(f"/git/commits/{await play.tip()}")
    comments = [each["body"].split("\n")[0] for each in await play.comments(play.pulls[key])]
    names = {f"#{play.pulls[key]} ": "it ", f"rollback {number},": "a rollback,"}
    return {
        "pulls": [bool(each["merged_at"]) for each in pulls],
        "pull's comments": await play.replies(pulls[0]["number"]),
        "built on the landing": [each["sha"] for each in built["parents"]] == [landed],
        "merged once": [each["sha"] for each in tip["parents"]] == [landed, built["sha"]],
        "tree is the checkpoint's": await play.tree("main") == good,
        "status comments": await play.status_comment() is not None,
        "replies": await play.replies(),
        "comments on the pull": [_told(line, names) for line in comments],
        "branches left": [name for name in await play.branches() if "trial" in name],
    }


def _told(line: str, names: Mapping[str, str]) -> str:
    for name, words in names.items():
        line = line.replace(name, words)
    return line


# Before GitHub wrote: test_killed_everywhere dies there too, so `make test` leaves it to `make soak-draws`.
@pytest.mark.parametrize(
    "written", [True, False] if LONG else [True], ids=lambda written: "after" if written else "before"
)
async def test_a_kill_at_any_step_changes_nothing_about_the_end(tmp_path: Path, written: bool) -> None:
    async with stage_apart(tmp_path) as (play, bot):
        play.base_ci = lambda sha: ci(play, sha)
        keys = [f"W{number}" for number in range(len(STEPS) + 1)]
        await begin(play, {key: [] for key in keys}, "on_red: rollback\n")
        good = await play.tree("main")
        found = {}
        for number, (key, match) in enumerate(zip(keys, ["", *STEPS.values()], strict=True), 1):
            play.verified.add(f"signalbox/{play.issue}/rollback-{number}")
            await bring(play, key, {BAD: "bad\n"})
            landed = await merged(play, key)
            await play.settled()
            if match:
                await kill_during(play, bot, match, written=written)
            else:
                await play.report(landed, "failure")
            found[key] = await outcome(play, key, number, landed, good)
        undisturbed = found.pop("W0")
        assert undisturbed["pulls"] == [True]
        assert undisturbed["merged once"]
        assert undisturbed["tree is the checkpoint's"]
        assert undisturbed["branches left"] == []
        for key, disturbed in found.items():
            assert disturbed == undisturbed, key
