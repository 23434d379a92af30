"""Generated histories of the merge train: work that breaks the base, work of others between, commands, people who merge.

Nothing reports on the base by itself here: CI speaks when the history lets it, so that a referee can see after each step
whether Signalbox merged anything that it must not. A history ends when everything has landed for good.
"""

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios import histories
from tests.scenarios.play import Play, plan_of

Step = tuple[
    str, str
]  # what happens, and to which workstream ("" = to the plan); for a kill: how many ms after the last
KILL_WITHIN = 400  # ms
LONG = 60.0  # seconds that Signalbox may take for its next move, pauses after a refusal included
ROUNDS = 25  # in so many rounds everything has landed, or the history does not settle
BROKEN, GOOD = "broken\n", "good\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainHistory:
    """One drawn history. The same seed draws the same one."""

    seed: int
    needs: Mapping[str, tuple[str, ...]]
    broken: frozenset[str]  # whose work breaks the base at first
    method: str
    policy: str
    steps: tuple[Step, ...]

    @property
    def body(self) -> str:
        """The plan's text."""
        return plan_of(self.needs)

    @property
    def config(self) -> str:
        """The repository's settings."""
        return f"merge_method: {self.method}\non_red: {self.policy}\nforecast: false\n"


def draw_train(seed: int) -> TrainHistory:
    """Draw a history of 2 to 4 workstreams, about half of which break the base at first."""
    dice = random.Random(seed)
    keys = [f"W{number}" for number in range(1, dice.randint(2, 4) + 1)]
    needs = {key: tuple(other for other in keys[:at] if dice.random() < 0.4) for at, key in enumerate(keys)}
    broken = frozenset(key for key in keys if dice.random() < 0.45)
    lanes = [_work(dice, key) for key in keys]
    steps: list[Step] = []
    while any(lanes):
        steps.append(dice.choice([lane for lane in lanes if lane]).pop(0))
        for what, chance in (("ci-base", 0.35), ("foreign", 0.12), ("foreign-edit", 0.06), ("checkpoint", 0.05),
                             ("freeze", 0.04), ("pause-resume", 0.04)):  # fmt: skip
            if dice.random() < chance:
                steps.append((what, ""))
        if dice.random() < 0.08:
            steps.append(("kill", str(dice.randint(0, KILL_WITHIN))))
    return TrainHistory(
        seed=seed, needs=needs, broken=broken, method=dice.choice(["merge", "squash"]),
        policy=dice.choice(["rollback_pull", "rollback_pull", "rollback"]), steps=tuple(steps),
    )  # fmt: skip


def _work(dice: random.Random, key: str) -> list[Step]:
    steps: list[Step] = [("push", key), ("ready", key), ("tick", key)]
    if dice.random() < 0.2:
        steps.insert(0, ("hold", key))
    if dice.random() < 0.12:
        return [*steps[:2], ("merge-by-hand", key)]
    steps += [("ci-green", key), ("approve", key)]
    if steps[0][0] == "hold":
        steps.insert(dice.randint(1, len(steps)), ("release", key))
    return steps


@dataclass(slots=True)
class Landed:
    """One merge as the referee saw it."""

    key: str  # "" = of a rollback
    number: int
    sha: str
    before: str
    undone: bool = False


@dataclass(slots=True)
class Referee:
    """Looks at the world after each step, and says no to what must never happen."""

    play: Play
    history: TrainHistory
    landed: list[Landed] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)  # commit of main -> what CI said
    frozen: bool = False

    async def look(self) -> None:
        """Take in what was merged since the last look."""
        merges = (await self.play.state())["octo/demo"]["merges"]
        for number in merges[len(self.landed) :]:
            await self._judge(await self.play.get(f"/pulls/{number}"))

    async def _judge(self, pull: Any) -> None:
        sha = pull["merge_commit_sha"]
        before = (await self.play.get(f"/commits/{sha}"))["parents"][0]["sha"]
        ours = pull["merged_by"]["login"] == "signalbox[bot]"
        if "/rollback-" in pull["head"]["ref"]:
            await self._rolled_back(pull, sha, before)
            self.landed.append(Landed("", pull["number"], sha, before))
            return
        key = pull["title"].partition(":")[0]
        if ours:
            unmet = [need for need in self.history.needs[key] if not self._is_done(need)]
            assert not unmet, f"{key} was merged before {unmet}"
            open_ = [each for each in self.landed if not each.undone and not self._is_green(each)]
            assert not open_, f"{key} was merged while {open_} was not verified"
            assert not self.frozen, f"{key} was merged into a frozen base"
        self.landed.append(Landed(key, pull["number"], sha, before))

    def _is_done(self, key: str) -> bool:
        return any(each.key == key and not each.undone and self._is_green(each) for each in self.landed)

    def _is_green(self, landed: Landed) -> bool:
        """Whether CI found the merge good, or anything on main after it: order of reporting is that of main."""
        shas = list(self.verdicts)
        if landed.sha not in shas:
            return landed.key == ""  # a rollback whose tree is that of a checkpoint needs no CI
        return any(self.verdicts[sha] == "success" for sha in shas[shas.index(landed.sha) :])

    async def _rolled_back(self, pull: Any, sha: str, before: str) -> None:
        """After a rollback the paths of what it undoes are as they were; all else, what people merged since too, stays."""
        keys = re.findall(r"W\d+", pull["title"].partition(" to ")[0])
        assert keys, pull["title"]
        gone = [each for each in self.landed if each.key in keys and not each.undone]
        assert {each.key for each in gone} == set(keys)
        for each in gone:
            each.undone = True
        now, old = await self.play.tree(sha), await self.play.tree(gone[0].before)
        undone = {f"parts/{key.lower()}.txt" for key in keys}
        assert _within(now, undone) == _within(old, undone), f"{pull['title']} left something of the plan"
        kept = set(await self.play.tree(before)) - undone
        assert _within(now, set(now) - undone) == _within(await self.play.tree(before), kept), (
            f"{pull['title']} took more"
        )

    async def report_base(self) -> None:
        """Let CI speak on every commit of main that it has not spoken on, oldest first."""
        await self.look()
        history = await self.play.get("/commits?sha=main&per_page=100")
        at = {each["sha"]: each for each in history}
        chain, sha = [], history[0]["sha"]
        while sha in at and sha not in self.verdicts:
            chain.append(sha)
            parents = at[sha]["parents"]
            sha = parents[0]["sha"] if parents else ""
        for commit in reversed(chain):
            tree = await self.play.tree(commit)
            bad = [path for path in tree if path.startswith("parts/") and await self._is_bad(commit, path)]
            self.verdicts[commit] = "failure" if bad else "success"
            await self.play.report(commit, self.verdicts[commit])

    async def _is_bad(self, commit: str, path: str) -> bool:
        return await self.play.file(commit, path) == BROKEN.encode()


def _within(tree: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    return {path: entry for path, entry in tree.items() if path in paths}


async def take(play: Play, referee: Referee, step: Step) -> None:
    """Let one thing of a history happen. A kill is the caller's."""
    what, key = step
    match what:
        case "push":
            text = BROKEN if key in referee.history.broken else GOOD
            await play.push((await play.pull(key))["head"]["ref"], f"parts/{key.lower()}.txt", text, f"{key}: work")
        case "merge-by-hand":
            await play.settled()
            await referee.look()
            await play.merge_by_hand(key, method=referee.history.method)
        case "ci-base":
            await referee.report_base()
        case "foreign":
            serial = play.serial()
            await play.push_tree("main", {f"theirs/{serial}.txt": f"by others {serial}\r\n"}, message="Work of others")
        case "foreign-edit":
            await play.push_tree("main", {"theirs/log.txt": f"line {play.serial()}\n"}, message="Edit of others")
        case "checkpoint":
            await play.say("wim", "/signalbox checkpoint")
        case "freeze":
            await play.tell("mia", "/signalbox freeze a release goes out")
            await referee.look()
            referee.frozen = True
            await referee.report_base()
            await play.settled()
            await referee.look()
            referee.frozen = False
            await play.say("mia", "/signalbox unfreeze")
        case _:  # what happens in any history
            await histories.take(play, step)


async def settle(play: Play, referee: Referee) -> int:
    """Do what people would do until everything has landed for good; return in how many rounds."""
    for rounds in range(1, ROUNDS + 1):
        await referee.report_base()
        await play.settled()
        await referee.look()
        if await play.until(lambda: _something_to_do(play, referee), LONG) == "complete":
            return rounds
        for pull in await play.all_pulls():
            if pull["state"] == "open" and "/rollback-" in pull["head"]["ref"]:
                await _carry_out(play, referee, pull)
        for key in play.pulls:
            if await play.stage(key) == "rolled-back":
                await _again(play, key)
    raise AssertionError(f"not settled after {ROUNDS} rounds:\n{await play.status()}")


async def _something_to_do(play: Play, referee: Referee) -> str:
    """Whether the plan is complete, or waits for people or CI; "" = Signalbox is about to do something."""
    if "This plan is complete" in await play.status():
        return "complete"
    if await play.tip() not in referee.verdicts:
        return "CI on the base"
    if any(pull["state"] == "open" and "/rollback-" in pull["head"]["ref"] for pull in await play.all_pulls()):
        return "rollback"
    return "retry" if "rolled-back" in [await play.stage(key) for key in play.pulls] else ""


async def _carry_out(play: Play, referee: Referee, pull: Any) -> None:
    """CI passes on a rollback's head; a person merges it where Signalbox does not."""
    await play.report(pull["head"]["sha"], "success")
    await play.settled()
    await referee.look()
    if referee.history.policy == "rollback_pull":
        check = await play.check_on(pull["head"]["sha"])
        if check is not None and check["conclusion"] == "success":
            await play.call("ada", "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": referee.history.method})
            await play.settled()
    await referee.look()


async def _again(play: Play, key: str) -> None:
    """Bring a rolled back workstream anew, mended."""
    await play.tell("mia", f"/signalbox retry {key}")
    pulls = [each for each in await play.all_pulls() if each["title"].startswith(f"{key}:")]
    assert pulls[-1]["number"] != play.pulls[key], f"{key} has no new pull:\n{await play.status()}"
    play.pulls[key] = pulls[-1]["number"]
    await play.push(pulls[-1]["head"]["ref"], f"parts/{key.lower()}.txt", GOOD, f"{key}: mended")
    await play.ci(key, "success")
    await play.tick(key)
    await play.say("wim", "/signalbox ready", play.pulls[key])
    await play.approve(key)
