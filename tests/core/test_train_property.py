"""What always holds of the merge train, whatever people, CI and Signalbox do to the base in whatever order."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.actions import BuildBranch, CreateRefs, EmptyCommit, MergePull, OpenPull
from bot.core.decide import Decision, decide
from bot.core.facts import CheckState, Facts, PullFacts, PullState
from bot.core.ledger import Landing
from bot.core.model import Key, Sha, Stage
from tests.build import a_check, a_command
from tests.core.test_decide import finish, plan_of
from tests.core.toy import Toy
from tests.draws import drawn

NEEDS: dict[str, tuple[str, ...]] = {"W1": (), "W2": ("W1",), "W3": ("W1",), "W4": ("W2", "W3")}
MAKES_THINGS = (CreateRefs, EmptyCommit, OpenPull, BuildBranch, MergePull)
# commits that were red before the merge would be excused otherwise: here the model says exactly what is proven
CONFIG = "already_red: true\non_red: {}\n"
EVENTS = (
    *(f"hand in {key}" for key in NEEDS), *(f"merge {key}" for key in NEEDS), *("green",) * 5, "red", "red", "foreign",
    "undo", "land rollback", "land rollback", "close rollback", "check rollback", "check rollback", "wait",
    "say rollback", "say rollback W1", "say rollback cp-1",
    "say retry W1", "say retry W2", "say retry W3", "say allow", "say freeze", "say unfreeze", "say update W2", "say checkpoint",
)  # fmt: skip


class Watched(Toy):
    """A toy world in which every decision is looked at."""

    def __init__(self, on_red: str, *, trials: bool) -> None:
        super().__init__(plan_of(NEEDS), config=CONFIG.format(on_red), trials=trials)
        self.base.ci = lambda _held: CheckState.PENDING
        self.green: set[Sha] = set()  # commits of the base that CI was ever green on
        self.shown: Facts | None = None
        self.commands = [a_command("start")]
        self.settle()

    def facts(self) -> Facts:
        self.shown = super().facts()
        return self.shown

    def turn(self) -> Any:
        done = super().turn()
        assert self.shown is not None
        assert self.last is not None
        self.look_at(self.shown, self.last)
        return done

    # ---- what always holds ----

    def look_at(self, facts: Facts, decision: Decision) -> None:
        merges = [each for each in decision.actions if isinstance(each, MergePull)]
        assert len(merges) <= 1
        for merge in merges:
            if merge.key in NEEDS:
                self.may_merge(merge, facts, decision)
        for stream in decision.view.streams:
            if any(need.stage is Stage.ROLLED_BACK for need in stream.needs):
                assert stream.stage is not Stage.MERGEABLE
        self.is_idempotent(facts, decision)

    def may_merge(self, merge: MergePull, facts: Facts, decision: Decision) -> None:
        """By what is really there, not by what was concluded."""
        memory, tip = decision.memory, facts.base.sha
        assert tip is not None
        for need in NEEDS[merge.key]:
            assert any(each.endswith(f": {need} work") for each in self.base.files[tip]), f"{need} is not in the base"
        assert all(self.is_proven(each, tip, decision) for each in memory.landings if each.stands)
        assert not any(each.open for each in memory.landings)
        assert not any(each.active for each in memory.rollbacks)
        assert memory.intent.frozen is None

    def is_proven(self, landing: Landing, tip: Sha, decision: Decision) -> bool:
        """Whether CI was green with it in, somebody said so, or it is a checkpoint's tree."""
        line = [step.sha for step in self.base.steps]
        since = line[line.index(landing.sha) : line.index(tip) + 1]
        known = {each.tree for each in decision.memory.checkpoints}
        return (
            bool(self.green & set(since))
            or landing.sha in decision.memory.intent.allowed
            or (landing.key is None and landing.tree in known)
        )

    @staticmethod
    def is_idempotent(facts: Facts, decision: Decision) -> None:
        again = decide(replace(facts, commands=()), decision.memory)
        new = set(again.actions) - set(decision.actions)
        assert [each for each in new if isinstance(each, MAKES_THINGS)] == []
        assert again.memory == decision.memory

    # ---- what happens ----

    def happen(self, event: str, at: int) -> None:
        verb, _, rest = event.partition(" ")
        match verb:
            case "hand" if (pull := self.in_work(rest.removeprefix("in "))) is not None:
                assert pull.head in self.branches
                finish(self, rest.removeprefix("in "))
            case "merge" if (pull := self.in_work(rest)) is not None and not pull.draft:
                self.land(pull.number, "ada")
            case "green" | "red":
                self.report(verb, at)
            case "foreign":
                self.base.move(
                    self.base.files[self.base.tip] | {f"other {len(self.base.steps)}"}, "Other", "otto", self.now
                )
            case "undo" if self.base.steps:
                self.base.move(self.base.files[self.base.steps[-1].before], "Revert", "ada", self.now)
            case "land" if (pull := self.way_back()) is not None:
                self.land(pull.number, "mia")
            case "close" if (pull := self.way_back()) is not None:
                self.change(pull.node_id, state=PullState.CLOSED)
            case "check" if (pull := self.way_back()) is not None:
                self.change(pull.node_id, checks=(a_check(),))
            case "say":
                self.commands = [a_command(rest, id=len(self.base.steps) + 2, at=self.now)]
            case _:
                pass

    def report(self, verb: str, at: int) -> None:
        """CI ends on one of the newest commits of the base."""
        steps = self.base.steps[-1 - at :][:1]
        state = CheckState.PASSED if verb == "green" else CheckState.FAILED
        for step in steps:
            self.base.reports[step.sha] = (a_check(state=state),)
            self.green |= {step.sha} if verb == "green" else set()

    def in_work(self, key: str) -> PullFacts | None:
        pull = self.pull(key)
        return pull if pull.state is PullState.OPEN else None

    def stage(self, key: str) -> Stage:
        assert self.last is not None
        return self.last.view.stream(Key(key)).stage

    def way_back(self) -> PullFacts | None:
        """The open pull of a rollback."""
        found = [each for each in self.pulls.values() if "/rollback-" in each.head and each.state is PullState.OPEN]
        return found[-1] if found else None


@settings(
    max_examples=drawn(7), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(
    on_red=st.sampled_from(["rollback_pull", "rollback", "hold"]),
    trials=st.booleans(),
    events=st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 1)), min_size=8, max_size=24),
)
def test_nothing_lands_out_of_order_or_on_a_base_that_is_not_proven(
    on_red: str, trials: bool, events: list[tuple[str, int]]
) -> None:
    world = Watched(on_red, trials=trials)
    for event, at in events:
        world.happen(event, at)
        world.turn()
    world.settle()


def test_a_world_in_which_all_goes_well_completes() -> None:
    world = Watched("rollback_pull", trials=False)
    for key in NEEDS:
        world.happen(f"hand in {key}", 0)
    for _ in range(12):
        world.happen("green", 0)
        world.turn()
        world.turn()
    assert sorted(world.merges) == sorted(NEEDS)
    assert {world.stage(key) for key in NEEDS} == {Stage.DONE}


def test_a_world_that_breaks_comes_back_and_goes_on() -> None:
    world = Watched("rollback", trials=True)
    for event in ("hand in W1", "red", "check rollback"):
        world.happen(event, 0)
        world.settle()
    assert world.merges == ["W1", "rollback 1"]
    assert world.stage("W1") is Stage.ROLLED_BACK
    for event in ("say retry W1", "hand in W1", "green"):
        world.happen(event, 0)
        world.settle()
    assert world.merges == ["W1", "rollback 1", "W1"]
    assert world.stage("W1") is Stage.DONE
