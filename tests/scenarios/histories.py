"""Generated histories: a plan, and what people and machines do about it, in an order drawn from one seed.

A history ends with everything that is needed to complete its plan, so its end is one state, whatever was lost, doubled,
reordered or killed on the way.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.scenarios.once import doubled
from tests.scenarios.play import Play

Step = tuple[
    str, str
]  # what happens, to which workstream ("" = to the plan); for a kill: how many ms after the last step
KILL_WITHIN = 400  # ms; the program's answer to one step takes about 100: a kill falls before, inside or after it


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One drawn history. The same seed draws the same one."""

    seed: int
    needs: Mapping[str, tuple[str, ...]]  # a graph without cycles
    steps: tuple[Step, ...]

    @property
    def body(self) -> str:
        """The plan's text."""
        sections = [
            f"### {key}: Part {key}\n- Branch: `part/{key.lower()}`\n- Files: `{key.lower()}.txt`\n"
            f"- Depends on: {', '.join(needs) or 'none'}\n- Acceptance:\n  - [ ] Part {key} is there\n"
            for key, needs in self.needs.items()
        ]
        return "# Drawn plan\n\nBase: `main`\n\n## Workstreams\n\n" + "\n".join(sections)


def draw(seed: int) -> History:
    """Draw a history: 2 to 4 workstreams, work on each in its order, mischief and kills in between."""
    dice = random.Random(seed)
    keys = [f"W{number}" for number in range(1, dice.randint(2, 4) + 1)]
    needs = {key: tuple(other for other in keys[:at] if dice.random() < 0.5) for at, key in enumerate(keys)}
    lanes = [_work(dice, key) for key in keys]
    steps: list[Step] = []
    while any(lanes):
        lane = dice.choice([each for each in lanes if each])
        steps.append(lane.pop(0))
        if dice.random() < 0.12:
            steps.append(("kill", str(dice.randint(0, KILL_WITHIN))))
        if dice.random() < 0.15:
            steps.append(("pause-resume", ""))
    return History(seed=seed, needs=needs, steps=tuple(steps))


def _work(dice: random.Random, key: str) -> list[Step]:
    """What happens to one workstream, in its own order; it always ends green, ticked, ready and approved."""
    steps: list[Step] = []
    if dice.random() < 0.3:
        steps.append(("hold", key))
    if dice.random() < 0.5:
        steps += [("push", key), ("ci-red", key)]
    if dice.random() < 0.3:
        steps += [("retitle", key)]
    if dice.random() < 0.3:
        steps += [("close", key), ("reopen", key)]
    last: list[Step] = [("push", key), ("ready", key), ("tick", key)]
    dice.shuffle(last)
    steps += last
    if dice.random() < 0.3:
        steps.append(("stray-label", key))
    steps += [("ci-green", key), ("approve", key)]
    if any(step == ("hold", key) for step in steps):
        steps.insert(dice.randint(1, len(steps)), ("release", key))
    return steps


async def take(play: Play, step: Step) -> None:
    """Let one thing of a history happen. Steps that concern the program itself are the caller's."""
    what, key = step
    number = play.pulls.get(key, 0)
    match what:
        case "push":
            pull = await play.pull(key)
            await play.push(pull["head"]["ref"], f"{key.lower()}-{play.serial()}.txt", f"{key}\n", f"{key}: work")
        case "ci-red":
            await play.ci(key, "failure")
        case "ci-green":
            await play.ci(key, "success")
        case "ready":
            await play.say("wim", "/signalbox ready", number)
        case "tick":
            await play.tick(key)
        case "approve":
            await play.approve(key)
        case "hold":
            await play.say("wim", "/signalbox hold let me look", number)
        case "release":
            await play.say("wim", f"/signalbox release {key}")
        case "retitle":
            title = (await play.pull(key))["title"]
            await play.do("mia", "PATCH", f"/pulls/{number}", {"title": f"{title}!"})
        case "close" | "reopen":
            state = "closed" if what == "close" else "open"
            await play.do("mia", "PATCH", f"/pulls/{number}", {"state": state})
        case "stray-label":
            await play.do("wim", "POST", f"/issues/{number}/labels", {"labels": ["signalbox:failed", "mine"]})
        case "pause-resume":
            await play.say("wim", "/signalbox pause")
            await play.say("wim", "/signalbox resume")
        case _:
            raise AssertionError(f"no such step: {what}")


async def ending(play: Play) -> dict[str, Any]:
    """Return what the world looks like, without what may differ between two good runs: ids, shas and times."""
    pulls = {}
    for key in play.pulls:
        pull = await play.pull(key)
        check = await play.check(key)  # asserts that there is one at most
        pulls[key] = {
            "title": pull["title"], "body": pull["body"].replace(play.info["web_url"], ""), "merged": pull["merged"],
            "draft": pull["draft"], "base": pull["base"]["ref"], "head": pull["head"]["ref"],
            "labels": sorted(label["name"] for label in pull["labels"]),
            "check": (check["status"], check["conclusion"]) if check is not None else None,
        }  # fmt: skip
    branches = sorted(branch["name"] for branch in await play.get("/branches"))
    tree = (await play.get("/commits/main"))["commit"]["tree"]["sha"]
    issue = await play.get(f"/issues/{play.issue}")
    status = await play.status_comment()  # the same
    return {
        "pulls": pulls, "branches": branches, "tree": tree, "plan": issue["body"], "state": issue["state"],
        "status comment": status is not None, "doubled": doubled(play.world),
    }  # fmt: skip
