"""Stories of a plan that is tested as a whole before its first merge."""

from tests.scenarios.openings import opening
from tests.scenarios.play import Play, plan_of

CONFIG = "trial: true\nforecast_delay: 0s\napprovals: 1\n"
FOUR = plan_of({"W1": (), "W2": (), "W3": (), "W4": ()})


def fails_with(play: Play, *paths: str) -> list[frozenset[str]]:
    """Have CI fail where all of these paths are there; return a list to which each tested part of the work is added."""
    tested: list[frozenset[str]] = []

    async def verdict(sha: str) -> str | None:
        there = await play.tree(sha)
        tested.append(frozenset(path for path in there if path.startswith("work/")))
        return "failure" if all(path in there for path in paths) else "success"

    play.base_ci = verdict
    play.verified.add("signalbox/*/together-*")
    return tested


async def all_green(play: Play) -> None:
    """Push everybody's work and have CI find each head good; nobody approves, so that nothing lands."""
    for key in play.pulls:
        await play.push((await play.pull(key))["head"]["ref"], f"work/{key.lower()}.txt", f"{key}\n")
    await play.settled()
    for key in play.pulls:
        await play.ci(key)
    await play.settled()


async def test_two_that_are_green_alone_and_red_together_are_found(play: Play) -> None:
    tested = fails_with(play, "work/w2.txt", "work/w4.txt")
    await play.configure(CONFIG)
    await play.start(FOUR, protect=False)
    tested.clear()
    await all_green(play)

    async def found() -> bool:
        return "break each other" in await play.status()

    await play.until(found)
    await play.settled()
    status = await play.status()
    section = status.partition("### Tested together")[2].partition("###")[0]
    assert "**W2** ([#3]" in section
    assert "W4" in section.partition("break each other")[0]
    assert "W3" not in section.partition("break each other")[0]
    assert "each is green alone, together they are red" in section
    assert frozenset({f"work/w{number}.txt" for number in (1, 2, 3, 4)}) in tested
    assert len(tested) <= 9
    assert await play.merged() == []
    left = [branch for branch in await play.branches() if branch.startswith("signalbox/")]
    assert left == []


async def test_a_plan_that_is_green_as_a_whole_says_so(play: Play) -> None:
    fails_with(play, "work/nobody.txt")
    await play.configure(CONFIG)
    await play.start(plan_of({"W1": (), "W2": ("W1",)}), protect=False)
    await all_green(play)

    async def found() -> bool:
        return "✅ green: Green on" in await play.status()

    await play.until(found)
    await play.settled()
    assert "break each other" not in await play.status()
    assert not [branch for branch in await play.branches() if "together" in branch or branch.endswith("/trial")]


@opening(Play.start, plan_of({"W1": (), "W2": ()}), protect=False)
async def test_without_the_setting_nothing_is_put_together(play: Play) -> None:
    await all_green(play)
    assert "Tested together" not in await play.status()


async def test_where_no_check_on_the_base_counts_nothing_is_put_together(play: Play) -> None:
    await play.configure(f"{CONFIG}verify: []\n")
    await play.start(plan_of({"W1": (), "W2": ()}), protect=False)
    await all_green(play)
    assert "Tested together" not in await play.status()
    assert not [branch for branch in await play.branches() if "together" in branch]
