"""Signalbox dies once at every point of a story, and the world ends as if it never had.

`make soak-deaths` plays it in many more ways (long_killed.py).
"""

import asyncio
import json
import re
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from tests.databases import ONLY_POSTGRESQL
from tests.scenarios.play import Play, plan_of
from tests.scenarios.points import AFTER, BEFORE, IN_THE_END, Points
from tests.scenarios.rollbacks import BAD
from tests.scenarios.undying import Undying, undying

#: The writes of the story that leave something behind which a second one would double.
WRITES = ("add", "create", "update", "mark", "reopen", "POST", "PUT", "PATCH", "DELETE")
#: Whether it has anything to note is a matter of whether a webhook did so before.
BY_CHANCE = "worker.resync._wake_installed"
CONFIG = "on_red: rollback\nupdate: before_merge\nforecast_delay: 0s\nremove_branches: true\n"


async def story(play: Play) -> None:
    """Play a plan in which Signalbox writes nearly all that it ever writes."""

    async def verdict(sha: str) -> str:
        return "failure" if BAD in await play.tree(sha) and sha == await play.tip() else "success"

    play.base_ci, play.verified = verdict, {"main", "part/*", "signalbox/*/rollback-*"}
    await play.protect_main()
    await play.configure(CONFIG)
    await play.do("ada", "POST", "/git/refs", {"ref": "refs/heads/others", "sha": await play.tip()})
    await play.push("others", "others.txt", "others\n")
    await play.do("wim", "POST", "/pulls", {"title": "Of others", "head": "others", "base": "main"})
    await play.start(plan_of({"W1": [], "W2": ["W1"]}), protect=False)
    await play.tell("wim", "/signalbox hold let me look", play.pulls["W2"])
    await play.tell("wim", "/signalbox release W2")
    await play.do("mia", "PATCH", f"/pulls/{play.pulls['W2']}", {"state": "closed"})
    await play.settled()
    await play.tell("mia", "/signalbox retry W2")
    await hand_in(play, "W1", "w1.txt")
    await hand_in(play, "W2", BAD)
    await play.tell("mia", "/signalbox retry W2")
    again = [each for each in await play.all_pulls() if each["title"].startswith("W2:")]
    play.pulls["W2"] = again[-1]["number"]
    await play.push_tree(again[-1]["head"]["ref"], {BAD: None, "w2.txt": "W2\n"})
    await play.settled()  # so that every run has looked at this head, and none has overtaken it
    await hand_in(play, "W2", "w2.txt")


async def hand_in(play: Play, key: str, path: str) -> None:
    """Bring a workstream's work, of which CI speaks by itself, and follow what becomes of it."""
    await play.push((await play.pull(key))["head"]["ref"], path, f"{key}: {path}\n")
    await play.tick(key)
    await play.approve(key)
    await play.tell("wim", "/signalbox ready", play.pulls[key])


#: What differs between any two runs, and so do not the worlds: where GitHub is, times, ids, shas, what follows from them.
DIFFERENT = (
    (re.compile(r"<!-- signalbox-keepsake [^>]*-->"), "<kept>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<github>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d\sUTC"), "<time>"),
    (re.compile(r"digest=[0-9a-f]{12}|issuecomment-\d+|reply:\d+"), "<id>"),
    (re.compile(r"`[0-9a-f]{7}`|\b[0-9a-f]{40}\b"), "<sha>"),
)


async def ending(play: Undying) -> Any:
    """Return the whole state of the world, without what differs between any two runs."""
    async with play.session.get(f"{play.info['api_url']}/_sandbox/state?normalise=1") as response:
        return normal(await response.json())


def normal(part: Any) -> Any:
    """Return a part of the state with its texts made comparable; a tree's sha says what is in it, and stays."""
    if isinstance(part, dict):
        return {name: normal(each) for name, each in part.items()}
    if isinstance(part, list):
        return [normal(each) for each in part]
    if isinstance(part, str) and not re.fullmatch(r"[0-9a-f]{40}", part):
        for different, word in DIFFERENT:
            part = different.sub(word, part)
    return part


def difference(calm: Any, end: Any) -> str:
    """Return how two ends of the world differ, line by line."""
    one, other = (json.dumps(each, indent=1, ensure_ascii=False).splitlines() for each in (calm, end))
    return "\n".join(unified_diff(one, other, "undisturbed", "disturbed", n=8, lineterm=""))


async def played(points: Points, **stage: Any) -> tuple[Any, int]:
    """Play the story; return how the world ends and how many processes died."""
    async with undying(points.folder, points, **stage) as play:
        await story(play)
        await play.settled()
        assert await play.undelivered() == set()
        return await ending(play), play.deaths


def compared(name: str, found: tuple[Any, int], calm: Any, undisturbed: Points, points: Points) -> None:
    """Assert that a story with deaths at all its deadly points ends as the one without any."""
    end, deaths = found
    reached = points.reached()
    print(f"\n{name}: {deaths} deaths at {len(points.killing(reached))} deadly points of {len(reached)}")
    assert deaths > 0
    told = difference(calm, end)
    assert not told, f"{name}\n{told}"
    missing = {each for each in points.killing(undisturbed.reached()) if BY_CHANCE not in each} - set(reached)
    assert not missing, f"{name} never came to {sorted(missing)}"


@ONLY_POSTGRESQL
@pytest.mark.timeout(300)
async def test_dying_once_at_every_point_changes_nothing_about_the_end(tmp_path: Path, url: str) -> None:
    """With one process on SQLite everywhere where something may be lost; with three workers on PostgreSQL where most may."""
    undisturbed = Points(tmp_path / "undisturbed", deadly=())
    one = Points(tmp_path / "sqlite", deadly=(BEFORE, IN_THE_END, AFTER))
    # what the web side stores is one statement there, which has no end to be in
    dangerous = (f"{IN_THE_END} worker", *(f"{AFTER} {kind}" for kind in ("store.inbox", *WRITES)))
    three = Points(tmp_path / "postgresql", deadly=dangerous)
    (calm, none), alone, together = await asyncio.gather(
        played(undisturbed), played(one), played(three, database_url=url, workers=3)
    )
    print("\n".join(undisturbed.reached()))
    assert none == 0
    compared("one process on SQLite", alone, calm, undisturbed, one)
    compared("three workers on PostgreSQL", together, calm, undisturbed, three)
