"""What a decision must never lead to: a gate opened for the wrong pull, a wait without end, a notice that stays for ever."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core import registry
from bot.core.actions import CreateRefs, EmptyCommit, MergePull, PutCheck, name_of
from bot.core.decide import decide
from bot.core.facts import BranchFacts, CheckState, Facts, Mergeable, PullFacts, PullState, WorkstreamFacts
from bot.core.gates import Gate
from bot.core.memory import Memory
from bot.core.model import Branch, IssueNumber, Key, PullNumber, Role, Sha, Stage
from bot.core.render.brief import workstream_marker
from bot.core.render.replies import why_reply
from bot.core.views import GateResult, GateVerdict
from tests.build import a_check, a_command, a_memory, a_pull, ago, an_intent, an_issue, an_order, facts, sha
from tests.core.test_decide import finish, plan_of, started
from tests.core.toy import Toy

W1 = Key("W1")
BODY = plan_of({"W1": ()})


def with_pulls(*pulls: PullFacts) -> Facts:
    """A running plan of one workstream, whose branch has these pulls, newest first."""
    head = Branch("part/w1")
    branch = BranchFacts(name=head, sha=sha("head"), message="Add the cache")
    streams = {W1: WorkstreamFacts(branch=branch, pulls=tuple(replace(pull, head=head) for pull in pulls))}
    return facts(issue=an_issue(body=BODY), workstreams=streams)


def memory(**intent: Any) -> Memory:
    return a_memory(approved_body=BODY, intent=an_intent(**intent))


def stage_with(*pulls: PullFacts) -> Stage:
    return decide(with_pulls(*pulls), memory()).view.stream(W1).stage


# ---- what holds a merge up ----


@pytest.mark.parametrize("verdict", GateVerdict)
def test_every_gate_holds_a_merge_up_unless_it_passes(verdict: GateVerdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that nothing but the registry knows."""
    answer = GateResult(gate="budget", verdict=verdict, reason="There is none")
    budget = Gate(name="budget", title="Budget", position=999, check=lambda _: answer)
    with_it = (*registry.load_gates(), budget)
    monkeypatch.setattr(registry, "load_gates", lambda: with_it)
    decision = decide(with_pulls(a_pull(12)), memory())
    passes = verdict is GateVerdict.PASS
    assert decision.view.stream(W1).stage is (Stage.MERGEABLE if passes else Stage.QUEUED)
    assert any(isinstance(each, MergePull) for each in decision.actions) is passes


# ---- which pull stands for a workstream ----


def test_a_pull_that_was_merged_just_before_the_start_does_not_count() -> None:
    merged = a_pull(state=PullState.MERGED, created_at=ago(62), merged_at=ago(61), body="")
    assert stage_with(merged) is not Stage.DONE


def test_a_pull_of_an_earlier_plan_does_not_count_however_new_it_is() -> None:
    other = workstream_marker(IssueNumber(4), W1)
    merged = a_pull(state=PullState.MERGED, created_at=ago(50), merged_at=ago(40), body=other)
    assert stage_with(merged) is not Stage.DONE


def test_a_second_pull_onto_another_base_does_not_displace_the_plans_own() -> None:
    own = a_pull(12)
    elsewhere = a_pull(13, base=Branch("feature"), created_at=ago(1))
    assert stage_with(elsewhere, own) is Stage.MERGEABLE
    assert stage_with(replace(elsewhere, state=PullState.MERGED, merged_at=ago(1)), own) is Stage.MERGEABLE


def test_one_that_was_only_merged_elsewhere_has_failed() -> None:
    merged = a_pull(base=Branch("feature"), state=PullState.MERGED, merged_at=ago(1))
    assert stage_with(merged) is Stage.FAILED
    why = why_reply(decide(with_pulls(merged), memory()).view, W1)
    assert "Open a pull request from its branch into `main`" in why
    assert "retry" not in why, "it refuses to"


# ---- one commit, two pulls ----


def test_two_pulls_with_one_head_show_the_check_of_the_one_that_waits() -> None:
    toy = started({"W1": (), "W2": ("W1",)}, config="mode: manual\n")
    finish(toy, "W1")
    w1, w2 = toy.pull("W1"), toy.pull("W2")
    toy.branches[w2.head] = replace(toy.branches[w1.head], name=w2.head)
    toy.change(w2.node_id, head_sha=w1.head_sha, head_message="W1 work", own_checks=())
    written = [action for action in toy.turn() if isinstance(action, PutCheck) and action.head_sha == w1.head_sha]
    assert len(written) == 1
    assert written[0].conclusion != "success"


def test_one_that_landed_does_not_open_the_check_of_another_with_its_head() -> None:
    toy = started({"W1": (), "W2": ()})
    finish(toy, "W1")
    w1, w2 = toy.pull("W1"), toy.pull("W2")
    toy.change(w1.node_id, state=PullState.MERGED, merged_at=toy.now, merge_sha=Sha("c" * 40), own_checks=())
    toy.change(w2.node_id, head_sha=w1.head_sha, head_message="W1 work", own_checks=())
    written = [action for action in toy.turn() if isinstance(action, PutCheck) and action.head_sha == w1.head_sha]
    assert [action.conclusion for action in written] == [None]


# ---- the base is moved by merges only ----


@pytest.mark.parametrize("base", ["", "Base: `main`\n\n", "Base: `release`\n\n"])
def test_a_workstream_cannot_live_on_the_base_or_the_default_branch(base: str) -> None:
    toy = Toy(f"# Plan\n\n{base}## Workstreams\n\n### W1: Part\n- Branch: `main`\n- Files: `a.py`\n")
    toy.commands = [a_command("start")]
    actions = toy.turn()
    assert not any(isinstance(action, EmptyCommit | CreateRefs) for action in actions)
    assert toy.memory.intent.start is None
    assert toy.reactions == ["EYES", "CONFUSED"]


# ---- merges that GitHub refuses ----


def test_a_merge_that_github_refuses_does_not_hold_up_what_does_not_need_it() -> None:
    toy = started({"W1": (), "W2": ()})
    finish(toy, "W1")
    finish(toy, "W2")
    toy.memory = replace(toy.memory, refusals={"merge W1": "A code owner has to approve"})
    merges = [action.key for action in decide(toy.facts(), toy.memory).actions if isinstance(action, MergePull)]
    assert merges == ["W1", "W2"]


def test_a_refusal_is_forgotten_once_nobody_wants_it_any_more() -> None:
    toy = started({"W1": (), "W2": ()})
    toy.memory = replace(toy.memory, refusals={"merge W1": "No", "edit comment": "No"})
    toy.turn()
    assert toy.memory.refusals == {"edit comment": "No"}


def test_a_refusal_stays_as_long_as_it_is_tried() -> None:
    toy = started({"W1": ()})
    finish(toy, "W1")
    toy.memory = replace(toy.memory, refusals={"merge W1": "No"})
    decision = decide(toy.facts(), toy.memory)
    assert decision.memory.refusals == {"merge W1": "No"}
    assert "merge W1" in {name_of(action) for action in decision.actions}


# ---- nothing waits longer than it must ----


def test_it_looks_again_when_the_grace_time_of_a_new_head_ends() -> None:
    toy = started({"W1": ()}, config="checks_grace: 90s\n")
    toy.now += timedelta(minutes=30)  # the gate has waited since the start
    toy.push(toy.pull("W1").head, "work")
    toy.change(toy.pull("W1").node_id, draft=False)
    toy.turn()
    assert toy.last is not None
    assert toy.last.next_look == toy.now + timedelta(seconds=90)


def test_it_looks_again_soon_while_github_works_out_whether_it_can_merge() -> None:
    toy = started({"W1": ()})
    finish(toy, "W1")
    toy.change(toy.pull("W1").node_id, mergeable=Mergeable.UNKNOWN)
    toy.turn()
    assert toy.last is not None
    assert toy.last.next_look is not None
    assert toy.last.next_look - toy.now <= timedelta(seconds=2)


def test_it_looks_again_soon_while_it_is_not_known_how_far_a_branch_is_behind() -> None:
    toy = started({"W1": ()}, config="update: before_merge\n")
    finish(toy, "W1")
    toy.turn()
    assert toy.last is not None
    assert [gate.gate for gate in toy.last.view.streams[0].blocking] == ["freshness"]
    assert toy.last.next_look is not None
    assert toy.last.next_look - toy.now <= timedelta(seconds=2)


def test_retry_of_a_pull_whose_branch_is_gone_says_what_to_do() -> None:
    toy = started({"W1": ()})
    pull = toy.pull("W1")
    toy.change(pull.node_id, state=PullState.CLOSED)
    del toy.branches[pull.head]
    toy.commands = [a_command("retry W1")]
    toy.turn()
    assert toy.memory.intent.retries == {}
    assert "restore it" in toy.replies[0]


def test_a_pull_that_was_skipped_is_free_once_the_plan_is_complete() -> None:
    toy = started({"W1": (), "W2": ()})
    toy.commands = [a_command("skip W2")]
    toy.settle()
    assert toy.pull("W2").own_checks[0].conclusion == "action_required"
    finish(toy, "W1")
    toy.settle()
    assert toy.pull("W2").own_checks[0].conclusion == "success"


# ---- what a settled plan does again ----


def test_red_checks_and_holds_do_not_make_it_write_again_and_again() -> None:
    toy = started()
    finish(toy, "W1")
    toy.change(toy.pull("W1").node_id, checks=(a_check(state=CheckState.FAILED, conclusion="failure"),))
    toy.commands = [a_command("hold W2 customer asked")]
    toy.settle()
    toy.now += timedelta(hours=3)
    assert toy.turn() == ()


def test_a_hold_shuts_a_check_that_was_open() -> None:
    given, held = with_pulls(a_pull()), memory(held={W1: an_order()})
    checks = {
        name: [each.conclusion for each in decide(given, known).actions if isinstance(each, PutCheck)]
        for name, known in {"free": memory(), "held": held}.items()
    }
    assert checks == {"free": ["success"], "held": ["action_required"]}
    assert not any(isinstance(action, MergePull) for action in decide(given, held).actions)


def test_a_merge_names_the_head_that_was_judged() -> None:
    [merge] = [each for each in decide(with_pulls(a_pull()), memory()).actions if isinstance(each, MergePull)]
    assert (merge.pull, merge.head_sha) == (PullNumber(12), sha("head"))


def test_a_plan_of_which_nothing_is_known_but_its_text_lays_nothing() -> None:
    toy = Toy(plan_of({"W1": ()}))
    decision = decide(toy.facts(), toy.memory)
    assert decision.next_look is None
    assert decision.branches == {}


# ---- bots ----


@pytest.mark.parametrize(("bots", "held"), [("['helper[bot]']", True), ("[]", False)])
def test_a_bot_that_the_config_names_may_what_write_may(bots: str, held: bool) -> None:
    """GitHub gives a bot no role, so that asking for it would refuse them all."""
    toy = started({"W1": ()}, config=f"bots: {bots}\n")
    bot = {"author": "helper[bot]", "author_is_bot": True, "role": Role.NONE}
    toy.commands = [a_command("hold W1", **bot), a_command("skip W1", id=2, comment="IC_2", **bot)]
    toy.settle()
    assert (W1 in toy.memory.intent.held) is held
    assert toy.memory.intent.skipped == {}, "that takes more"
