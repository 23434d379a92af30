"""What the demo comes to: each line says what was found, and whether it is as it should be.

Must not take the story's word for what can be read from git or from GitHub.
"""

from collections import Counter
from statistics import median
from typing import Any

from demo.history import Step, holds_every_step, is_valid, order, read_history
from demo.looks import TESTS, Looks
from demo.story import Story, WayBack

Line = tuple[str, str, bool]  # what it is about, what was found, whether that is as it should be


async def summarise(story: Story, requests: list[Any]) -> bool:
    """Print the summary; True if everything in it is as it should be."""
    story.show.title("Summary")
    steps = await read_history(story.clone, story.start, await story.mia.pulls("closed"), story.keys)
    all_there = await holds_every_step(story.clone, story.clone.folder.parent / "in-the-end")
    lines = [
        ("Order of merges", f"{order(steps)}   ({'valid' if is_valid(steps) else 'NOT VALID'})", is_valid(steps)),
        await checkpoints(story.looks, story.issue, steps, story.back),
        *await way_back(story.looks, steps, story.back),
        ("Work handed in", f"on main byte for byte: {_yes(all_there)}", all_there),
    ]
    for name, text, _ in lines:
        story.show.line(f"{name:<17} {text}")
    mine = [each for each in requests if each["actor"] == "signalbox[bot]"]
    kinds = Counter("reads" if _is_read(each) else "writes" for each in mine)
    show = story.show
    show.line(f"Requests used     {len(mine)} by Signalbox: {kinds['reads']} reads, {kinds['writes']} writes")
    if story.delays:
        middle, longest = median(story.delays) * 1000, max(story.delays) * 1000
        show.line(f"Push to check     median {middle:.0f} ms, longest {longest:.0f} ms, of {len(story.delays)} pushes")
    show.line(f"Time              {show.seconds:.0f} s")
    return all(good for *_, good in lines)


def _yes(good: object) -> str:
    return "yes" if good else "NO"


async def checkpoints(looks: Looks, issue: int, steps: list[Step], back: WayBack | None) -> Line:
    """Return whether each is on a state of main that CI found good: the start, and every merge that was not taken back."""
    tags = await looks.checkpoints(issue)
    broken = back.merge if back is not None else None
    wanted = [steps[0].sha, *(step.sha for step in steps if step.key is not None and step.sha != broken)]
    tested = [await looks.checked(sha, TESTS, "success") for sha in wanted]
    good = tags == {f"cp-{number}": sha for number, sha in enumerate(wanted)} and all(tested)
    return "Checkpoints", f"cp-0 to cp-{len(tags) - 1}, one after each good merge, tests green: {_yes(good)}", good


async def way_back(looks: Looks, steps: list[Step], back: WayBack | None) -> list[Line]:
    """Return what broke main, and how it was taken back."""
    if back is None:
        return [("Broke main", "nothing, though something should have", False)]
    alone = await looks.checked(back.head, TESTS, "success")
    together = await looks.checked(back.merge, TESTS, "failure")
    taken = back.equal and any(step.pull == back.pull for step in steps)
    what = f"{back.key}; its own tests green: {_yes(alone)}, main with it red: {_yes(together)}"
    return [
        ("Broke main", what, alone and together),
        ("Taken back", f"by #{back.pull}, tree equals {back.to}: {_yes(taken)}", taken),
        ("Red to rollback", f"{back.seconds * 1000:.0f} ms from CI's red verdict to the open pull", True),
    ]


def _is_read(request: dict[str, Any]) -> bool:
    fields = request.get("fields") or []
    return request["method"] == "GET" or (request["path"].endswith("/graphql") and not fields)
