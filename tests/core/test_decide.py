"""What must always hold of decisions, on a toy world without network."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.actions import CreateRefs, MergePull, PutCheck
from bot.core.decide import decide
from bot.core.facts import CheckState, Mergeable, PullState
from bot.core.model import PlanState
from bot.core.render.status import status_comment
from tests.build import a_check, a_command, a_review
from tests.core.toy import Toy
from tests.draws import drawn


def plan_of(needs: dict[str, tuple[str, ...]]) -> str:
    sections = [
        f"### {key}: Part {key}\n- Branch: `part/{key.lower()}`\n- Files: `{key.lower()}.py`\n"
        f"- Depends on: {', '.join(wanted) or 'none'}\n- Acceptance:\n  - [ ] it works\n"
        for key, wanted in needs.items()
    ]
    return "# Plan\n\nBase: `main`\n\n## Workstreams\n\n" + "\n".join(sections)


DIAMOND: dict[str, tuple[str, ...]] = {"W1": (), "W2": ("W1",), "W3": ("W1",), "W4": ("W2", "W3")}


def started(needs: dict[str, tuple[str, ...]] | None = None, **more: Any) -> Toy:
    toy = Toy(plan_of(DIAMOND if needs is None else needs), **more)
    toy.commands = [a_command("start")]
    toy.settle()
    return toy


def finish(toy: Toy, key: str) -> None:
    """Everything that a workstream can do itself."""
    pull = toy.pull(key)
    toy.push(pull.head, f"{key} work")
    pull = toy.pull(key)
    toy.change(
        pull.node_id, draft=False, body=pull.body.replace("- [ ]", "- [x]"), checks=(a_check(),),
        reviews=(a_review(author="mia", commit=pull.head_sha),),
    )  # fmt: skip


def test_a_plan_that_nobody_started_gets_a_comment_and_nothing_else() -> None:
    toy = Toy(plan_of(DIAMOND))
    toy.settle()
    assert toy.comment is not None
    assert (toy.branches, toy.pulls, toy.tags, toy.repository.labels) == ({}, {}, {}, {})


def test_an_issue_without_the_label_gets_nothing() -> None:
    toy = Toy(plan_of(DIAMOND))
    toy.issue = type(toy.issue)(**{**_fields(toy.issue), "labels": ("bug",)})
    toy.settle()
    assert toy.comment is None


def _fields(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


def test_a_start_lays_everything_and_comes_to_rest() -> None:
    toy = started()
    assert len(toy.pulls) == len(toy.branches) == 4
    assert list(toy.tags) == ["signalbox/5/cp-0"]
    assert all(pull.draft for pull in toy.pulls.values())
    assert toy.reactions == ["EYES", "ROCKET"]
    assert toy.turn() == ()


def test_branches_are_created_together_or_not_at_all_and_the_checkpoint_by_itself() -> None:
    toy = Toy(plan_of(DIAMOND))
    toy.commands = [a_command("start")]
    refs = [[name for name, _ in action.refs] for action in toy.turn() if isinstance(action, CreateRefs)]
    assert refs == [
        [f"refs/heads/part/w{number}" for number in range(1, 5)],
        ["refs/tags/signalbox/5/cp-0"],
    ]


def test_it_lands_in_order_and_completes() -> None:
    toy = started()
    for key in ("W4", "W3", "W2", "W1"):
        finish(toy, key)
    toy.settle()
    assert toy.merges[0] == "W1"
    assert toy.merges[-1] == "W4"
    assert toy.last is not None
    assert toy.last.view.state is PlanState.COMPLETED
    assert toy.last.open is False


def test_one_merge_a_turn_because_the_base_is_another_one_afterwards() -> None:
    toy = started({"W1": (), "W2": ()})
    finish(toy, "W1")
    finish(toy, "W2")
    assert sum(isinstance(action, MergePull) for action in toy.turn()) == 1


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a failed check", {"checks": (a_check(state=CheckState.FAILED, conclusion="failure"),)}),
        ("a running check", {"checks": (a_check(state=CheckState.PENDING, conclusion="in_progress"),)}),
        ("no check at all", {"checks": ()}),
        ("no review", {"reviews": ()}),
        ("a draft", {"draft": True}),
        ("a conflict", {"mergeable": Mergeable.NO}),
        ("GitHub still thinking", {"mergeable": Mergeable.UNKNOWN}),
        ("an open task", {"body": "- [ ] not yet"}),
        ("another base", {"base": "other"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_merges_past(what: str, change: dict[str, Any]) -> None:
    toy = started()
    finish(toy, "W1")
    toy.change(toy.pull("W1").node_id, **change)
    toy.settle()
    assert toy.merges == []
    assert toy.pull("W1").own_checks[0].conclusion != "success", what


def test_manual_mode_only_opens_the_check() -> None:
    toy = started(config="mode: manual\n")
    finish(toy, "W1")
    toy.settle()
    assert toy.merges == []
    assert toy.pull("W1").own_checks[0].conclusion == "success"


def test_a_new_head_gets_a_fresh_check() -> None:
    toy = started()
    toy.push(toy.pull("W1").head, "work")
    written = [action for action in toy.turn() if isinstance(action, PutCheck)]
    assert [action.run for action in written if action.head_sha == toy.pull("W1").head_sha] == [None]


def test_a_closed_pull_is_not_a_merged_one_and_retry_reopens_it_once() -> None:
    toy = started()
    toy.change(toy.pull("W1").node_id, state=PullState.CLOSED)
    toy.settle()
    assert toy.last is not None
    assert toy.last.view.stream(toy.last.view.plan.workstreams[0].key).stage.value == "failed"
    toy.commands = [a_command("retry W1")]
    toy.settle()
    assert toy.pull("W1").state is PullState.OPEN
    assert len(toy.pulls) == 4


def test_retry_of_red_checks_makes_one_new_head() -> None:
    toy = started()
    finish(toy, "W1")
    red = a_check(state=CheckState.FAILED, conclusion="failure")
    toy.change(toy.pull("W1").node_id, checks=(red,))
    toy.settle()
    before = toy.pull("W1").head_sha
    toy.commands = [a_command("retry W1")]
    toy.settle()
    assert toy.pull("W1").head_sha != before
    assert toy.turn() == ()


def test_somebody_merging_out_of_order_is_shown_and_breaks_nothing() -> None:
    toy = started()
    toy.change(toy.pull("W2").node_id, draft=False)
    toy.land(toy.pull("W2").number, "ada")
    toy.settle()
    assert toy.last is not None
    assert toy.last.view.streams[1].landed_out_of_order == ("W1",)
    for key in ("W1", "W3", "W4"):
        finish(toy, key)
    toy.settle()
    assert toy.last.view.state is PlanState.COMPLETED


def test_skipping_lets_dependants_go_on() -> None:
    toy = started()
    toy.commands = [a_command("skip W1")]
    finish(toy, "W2")
    toy.settle()
    assert toy.merges == ["W2"]


def test_created_branches_are_removed_at_the_end_if_configured() -> None:
    toy = started({"W1": ()}, config="remove_branches: true\n")
    finish(toy, "W1")
    toy.settle()
    assert toy.branches == {}


def test_branch_names_stay_when_the_prefix_changes_after_the_start() -> None:
    body = "# Plan\n\n## Workstreams\n\n### W1: Part\n- Files: `a.py`\n\n### W2: Other\n- Files: `b.py`\n"
    toy = Toy(body, config="branch_prefix: team/\n")
    toy.commands = [a_command("start")]
    toy.settle()
    before = set(toy.branches)
    toy.config = "branch_prefix: other/\n"
    toy.settle()
    assert set(toy.branches) == before
    assert len(toy.pulls) == 2


def graphs() -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """Graphs without cycles, of up to six workstreams."""

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
        keys = [f"W{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
        return {
            key: tuple(draw(st.lists(st.sampled_from(keys[:at]), unique=True)) if at else ())
            for at, key in enumerate(keys)
        }

    return build()


@settings(max_examples=drawn(6), deadline=None)
@given(needs=graphs(), order=st.randoms(use_true_random=False))
def test_every_graph_settles_lands_in_order_and_is_decided_alike_twice(
    needs: dict[str, tuple[str, ...]], order: Any
) -> None:
    toy = started(needs)
    keys = list(needs)
    order.shuffle(keys)
    for key in keys:
        finish(toy, key)
        facts = toy.facts()
        assert decide(facts, toy.memory) == decide(facts, toy.memory)
        toy.settle()
    assert sorted(toy.merges) == sorted(needs)
    assert all(toy.merges.index(need) < toy.merges.index(key) for key, wanted in needs.items() for need in wanted)
    assert toy.turn() == ()


def test_what_we_merged_is_never_called_out_of_order_whatever_is_said_later() -> None:
    toy = started()
    toy.commands = [a_command("skip W1")]
    finish(toy, "W2")
    toy.settle()
    toy.change(toy.pull("W2").node_id, merged_by="signalbox[bot]")
    toy.commands = [a_command("release W1")]
    toy.settle()
    assert toy.last is not None
    assert toy.last.view.streams[1].landed_out_of_order == ()


def test_a_closed_pull_says_so_in_its_check_too() -> None:
    toy = started()
    toy.change(toy.pull("W1").node_id, state=PullState.CLOSED)
    written = [action for action in toy.turn() if isinstance(action, PutCheck)]
    assert [action.title for action in written if action.head_sha == toy.pull("W1").head_sha] == [
        "Closed without being merged"
    ]


def test_a_wait_for_checks_begins_anew_with_a_new_head() -> None:
    toy = started()
    finish(toy, "W1")
    toy.change(toy.pull("W1").node_id, checks=())
    toy.settle()
    first = _since(toy, "checks")
    toy.push(toy.pull("W1").head, "more work")
    toy.settle()
    assert _since(toy, "checks") > first


def _since(toy: Toy, gate: str) -> Any:
    assert toy.last is not None
    return next(each.since for each in toy.last.view.streams[0].gates if each.gate == gate)


def test_merges_of_one_second_are_listed_in_the_order_of_the_plan() -> None:
    toy = started({"W1": (), "W2": ("W3",), "W3": ("W1",)})
    for key in ("W1", "W2", "W3"):
        finish(toy, key)
    toy.settle()
    for key in ("W1", "W2", "W3"):
        toy.change(toy.pull(key).node_id, merged_at=toy.now)
    toy.settle()
    assert toy.last is not None
    text = status_comment(toy.last.view, {})
    assert text.index("**W1**") < text.index("**W3**") < text.index("**W2**")
