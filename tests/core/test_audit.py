"""What the audit trail and the metrics are told of a plan from its start to its end, and of what went wrong meanwhile."""

from collections import Counter
from dataclasses import replace

from bot.core.actions import MergePull
from bot.core.audit import NOT_OBEYED, UNTOLD, trail
from bot.core.decide import Decision, decide
from bot.core.facts import AuditEntry, AuditKind, CheckState, Verdict
from bot.core.model import Role
from bot.core.progress import Progress, progress
from bot.core.registry import load_gates
from tests.build import a_command
from tests.core.test_decide import finish, plan_of
from tests.core.toy import Toy


class Told(Toy):
    """A toy whose turns leave a trail and are counted."""

    def __init__(self, plan: str, config: str | None = None) -> None:
        super().__init__(plan, config=config)
        self.entries: list[AuditEntry] = []
        self.made: list[Progress] = []
        self.decisions: list[Decision] = []

    def look(self) -> None:
        """Turn until nothing is left to do, and write down what each turn tells."""
        for _ in range(40):
            given, before = self.facts(), self.memory
            was_open = self.decisions[-1].open if self.decisions else True
            actions = self.turn()
            assert self.last is not None
            self.decisions.append(self.last)
            self.entries += [entry for _, entry in trail(given, self.last, was_open=was_open)]
            self.made.append(progress(before, self.last, was_open=was_open))
            if not actions:
                return
        raise AssertionError("it does not settle")

    def say(self, *lines: str, **more: object) -> None:
        self.commands = [a_command(line, id=number, **more) for number, line in enumerate(lines, 1)]
        self.look()

    def told(self, kind: AuditKind) -> list[AuditEntry]:
        return [each for each in self.entries if each.kind is kind]

    def deeds(self) -> list[str]:
        return [each.what for each in self.told(AuditKind.ACTION)]


def started(needs: dict[str, tuple[str, ...]], config: str | None = None) -> Told:
    toy = Told(plan_of(needs), config)
    toy.say("start")
    return toy


def test_a_plan_is_told_from_its_start_to_its_end() -> None:
    toy = started({"W1": (), "W2": ("W1",)})
    for key in ("W1", "W2"):
        finish(toy, key)
        toy.look()
    assert [(each.what, each.actor, each.why, each.outcome) for each in toy.told(AuditKind.COMMAND)] == [
        ("/signalbox start", "mia", "maintain", "done")
    ]
    one, two = toy.pull("W1"), toy.pull("W2")
    merges = [each for each in toy.told(AuditKind.ACTION) if each.what.startswith("merge ")]
    assert [(each.what, each.sha) for each in merges] == [
        (f"merge W1 (#{one.number})", one.head_sha),
        (f"merge W2 (#{two.number})", two.head_sha),
    ]
    assert all(gate.name in merges[0].why for gate in load_gates())
    assert toy.deeds()[0] == f"create {one.head} and {two.head}"
    assert "the plan was started by mia" in {each.why for each in toy.told(AuditKind.ACTION)}
    assert [each for each in toy.deeds() if "cp-" in each] == [f"create signalbox/5/cp-{n}" for n in range(3)]
    assert [each.what for each in toy.told(AuditKind.PLAN)] == ["the plan is completed"]


def test_what_only_shows_is_not_told_and_everything_else_is() -> None:
    toy = started({"W1": ()})
    finish(toy, "W1")
    toy.look()
    done = [action for decision in toy.decisions for action in decision.actions]
    assert Counter(isinstance(action, UNTOLD) for action in done)[False] == len(toy.deeds())
    assert any(isinstance(action, MergePull) for action in done)


def test_a_turn_without_news_tells_nothing() -> None:
    toy = started({"W1": ()})
    before = len(toy.entries)
    toy.look()
    assert len(toy.entries) == before


def test_commands_are_told_with_role_answer_and_source() -> None:
    toy = started({"W1": ()})
    toy.entries.clear()
    toy.say("hold W1 wait", "cancel", role=Role.WRITE, source="comment:7:1", delivery="guid-7")
    hold, cancel = toy.told(AuditKind.COMMAND)
    assert (hold.outcome, hold.why, hold.source, hold.delivery) == ("done", "write", "comment:7:1", "guid-7")
    assert cancel.outcome == Verdict.REFUSED.value
    assert "needs the role" in cancel.detail
    toy.say("release W1", author_is_bot=True)
    assert toy.told(AuditKind.COMMAND)[-1].outcome == NOT_OBEYED
    pull = toy.pull("W1")
    toy.say("release", pull=pull.number)
    assert toy.told(AuditKind.COMMAND)[-1].sha == pull.head_sha


def test_a_branch_that_is_called_like_a_secret_is_not_told_by_its_name() -> None:
    toy = Told(plan_of({"W1": ()}).replace("part/w1", "part/ghp_secret1234"))
    toy.say("start")
    deeds = [each for each in toy.deeds() if "part/" in each]
    assert len(deeds) == 3
    assert all("part/[removed]" in each for each in deeds)


def test_a_cancelled_plan_is_told_to_be_over_once() -> None:
    toy = started({"W1": ()})
    toy.say("cancel")
    toy.look()
    assert [(each.what, each.why) for each in toy.told(AuditKind.PLAN)] == [
        ("the plan is cancelled", "cancelled by mia")
    ]
    assert not any(each.completed for each in toy.made)


def test_a_way_back_is_told_with_its_reason() -> None:
    toy = started({"W1": ()}, "on_red: rollback\n")
    toy.base.ci = lambda held: CheckState.FAILED if len(held) > 1 else CheckState.PASSED
    finish(toy, "W1")
    toy.look()
    whys = [each.why for each in toy.told(AuditKind.ACTION) if "rollback" in each.what]
    assert whys
    assert all(why == "the config says on_red: rollback; back to cp-0, over W1" for why in whys[:2])
    assert sum(each.rollbacks for each in toy.made) == 1


def test_progress_counts_each_landing_once_and_the_end_once() -> None:
    toy = started({"W1": (), "W2": ("W1",)})
    finish(toy, "W1")
    toy.look()
    second = toy.pull("W2")
    toy.change(second.node_id, draft=False)
    toy.land(second.number, "mia")
    toy.look()
    made = toy.made
    assert (sum(each.merged for each in made), sum(each.merged_by_others for each in made)) == (1, 1)
    assert sum(each.completed for each in made) == 1
    assert sum(each.rollbacks for each in made) == 0


def test_a_wait_is_counted_when_it_is_over_and_as_long_as_it_was() -> None:
    toy = started({"W1": ()})
    begun = toy.memory.seen["gate/W1/review"].since
    waited = [wait for each in toy.made for wait in each.waits if wait[0] == "review"]
    assert waited == []
    finish(toy, "W1")
    toy.look()
    [(gate, seconds)] = [wait for each in toy.made for wait in each.waits if wait[0] == "review"]
    over = next(
        each.view.now for each, made in zip(toy.decisions, toy.made, strict=True) if (gate, seconds) in made.waits
    )
    assert seconds == (over - begun).total_seconds() > 0


def test_neither_a_repeat_nor_another_process_counts_twice() -> None:
    toy = started({"W1": ()})
    finish(toy, "W1")
    toy.look()
    again = decide(toy.facts(), toy.memory)
    assert progress(toy.memory, again, was_open=again.open) == Progress()
    assert trail(replace(toy.facts(), commands=()), again, was_open=again.open) == ()
