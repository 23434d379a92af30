"""Stories of conflicts that are foreseen: open heads are tried with each other before their turn comes."""

from typing import Any

from tests.scenarios.openings import opening
from tests.scenarios.play import READY, Play, plan_of
from tests.scenarios.rollbacks import QUICK, says

LINES = "".join(f"line {number}\n" for number in range(1, 13))
FORECAST = QUICK.replace("forecast: false", "forecast_delay: 0s")


async def begin(play: Play, config: str = FORECAST) -> None:
    """Start a plan of three parts on a base with one file that all of them may change."""
    await play.push("main", "both.txt", LINES)
    await play.configure(config)
    await play.start(plan_of({"W1": [], "W2": [], "W3": []}, acceptance=False), protect=False)


async def change(play: Play, key: str, line: int) -> str:
    """Push a change of one line on a workstream's branch; return the head."""
    text = LINES.replace(f"line {line}\n", f"{key}\n")
    return await play.push(f"part/{key.lower()}", "both.txt", text)


async def check_says(play: Play, key: str, *words: str) -> Any:
    """Wait until a workstream's check says all this."""

    async def said() -> bool:
        check = await play.check(key)
        text = f"{check['output']['title']}\n{check['output']['summary']}\n{check['output']['text']}" if check else ""
        return all(word in text for word in words)

    said.__name__ = f"the check of {key} to say {words}"
    return await play.until(said)


@opening(begin)
async def test_two_heads_that_conflict_are_named_in_both_checks_and_in_the_comment(play: Play) -> None:
    await change(play, "W1", 3)
    await change(play, "W2", 3)
    await change(play, "W3", 10)
    said = await says(play, "### Foreseen conflicts", "`both.txt`")
    (line,) = [each for each in said.split("### Foreseen conflicts")[1].splitlines() if "will conflict with" in each]
    assert line.index("**W2**") < line.index("will conflict with") < line.index("**W1**")
    await check_says(play, "W2", "Will conflict with **W1**", "`both.txt`")
    await check_says(play, "W1", "**W2**", "will have to resolve a conflict with it in `both.txt`")
    await play.settled()
    third = await play.check("W3")
    assert "conflict with" not in str(third["output"])
    assert await play.branches() == ["main", "part/w1", "part/w2", "part/w3"]  # no branch of a trial


@opening(begin)
async def test_after_the_first_landed_the_second_conflicts_with_the_base(play: Play) -> None:
    head = await change(play, "W1", 3)
    await change(play, "W2", 3)
    await says(play, "### Foreseen conflicts")
    await play.report(head, "success")
    await play.graphql("wim", READY, {"id": (await play.pull("W1"))["node_id"]})
    await play.until_stage("W1", "done")
    await check_says(play, "W2", "Conflicts with `main` in `both.txt`")
    await play.settled()
    assert "### Foreseen conflicts" not in await play.status()
    assert await play.branches() == ["main", "part/w1", "part/w2", "part/w3"]


@opening(begin)
async def test_a_conflict_that_was_resolved_is_no_longer_foreseen(play: Play) -> None:
    await change(play, "W1", 3)
    await change(play, "W2", 3)
    await says(play, "### Foreseen conflicts")
    await change(play, "W2", 9)

    async def gone() -> bool:
        return "### Foreseen conflicts" not in await play.status()

    await play.until(gone)
    await play.settled()
    assert "### Foreseen conflicts" not in await play.status()
    for key in ("W1", "W2"):
        assert "conflict with" not in str((await play.check(key))["output"])


@opening(begin)
async def test_heads_that_go_together_are_not_spoken_of(play: Play) -> None:
    for key, line in (("W1", 2), ("W2", 6), ("W3", 10)):
        await change(play, key, line)
    await play.settled()
    assert "onflict" not in await play.status()
    for key in play.pulls:
        assert "conflict with" not in str((await play.check(key))["output"])
    assert await play.branches() == ["main", "part/w1", "part/w2", "part/w3"]


@opening(begin, QUICK)
async def test_nothing_is_tried_where_the_config_forbids_it(play: Play) -> None:
    await play.forget_requests()
    await change(play, "W1", 3)
    await change(play, "W2", 3)
    await play.settled()
    assert "### Foreseen conflicts" not in await play.status()
    assert not [each for each in await play.requests() if each["method"] == "POST" and "/merges" in each["path"]]
