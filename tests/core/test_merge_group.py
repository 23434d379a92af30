"""The check on merge groups: which pulls decide it, what stops it, and what is only waited for."""

from dataclasses import replace

import pytest

from bot.core.actions import PutCheck
from bot.core.facts import Mergeable, OwnCheck, QueueEntry
from bot.core.gates import Case, Unproven
from bot.core.merge_group import group_checks
from bot.core.model import NodeId, PullNumber
from bot.core.registry import load_gates
from tests.build import a_case, a_need, a_pull, sha

GREEN = ("success", "May merge: every gate passes")


def a_run(conclusion: str | None, title: str, external_id: str = "plan/5/x/y/z") -> OwnCheck:
    """Our run; conclusion None = in progress."""
    return OwnCheck(
        node_id=NodeId("CR_1"), status="completed" if conclusion else "in_progress", conclusion=conclusion,
        external_id=external_id, started_at=None, url="", title=title,
    )  # fmt: skip


def an_entry(position: int, pull: int, own: tuple[str | None, str] | None = GREEN, *, built: bool = True) -> QueueEntry:
    return QueueEntry(
        position=position, pull=PullNumber(pull), url=f"https://x.example/pull/{pull}", head=sha(f"head {pull}"),
        own=None if own is None else a_run(*own), group=sha(f"group {pull}") if built else None,
    )  # fmt: skip


def checks(*entries: QueueEntry) -> dict[str, PutCheck]:
    return {check.head_sha: check for check in group_checks(entries)}


@pytest.mark.parametrize(
    ("own", "conclusion", "title"),
    [
        pytest.param(GREEN, "success", "May merge", id="may merge"),
        pytest.param(("success", "Not part of a plan"), "success", "May merge", id="outside any plan"),
        pytest.param(None, None, "#13: not looked at yet", id="no check yet"),
        pytest.param((None, "Waiting for W1 (#12): still a draft"), "failure", None, id="a need that is not in the queue"),
        pytest.param(("action_required", "Held by mia"), "failure", None, id="held"),
        pytest.param(("failure", "Aims at dev and not at main"), "failure", None, id="a violation"),
        pytest.param((None, "W1 (#12) is being verified: tests is running"), None, None, id="the base is verified"),
        pytest.param((None, "Plan #9 has its turn on main: A (#3) is being verified"), None, None, id="another plan's turn"),
        pytest.param((None, "Base frozen: W1 (#12) is being verified"), None, None, id="frozen while it is verified"),
        pytest.param((None, "Base frozen: frozen by ada"), "failure", None, id="frozen by order"),
        pytest.param((None, "W1 (#12) broke the base: tests failed"), "failure", None, id="a broken base"),
        pytest.param((None, "The base is being rolled back to cp-1"), "failure", None, id="a rollback goes first"),
        pytest.param((None, "GitHub is still working out whether it can merge"), None, None, id="GitHub thinks"),
        pytest.param(("action_required", "A is being verified"), "failure", None, id="a person is wanted all the same"),
        pytest.param((None, ""), "failure", "#13: its own check is not green", id="nothing is said"),
    ],
)  # fmt: skip
def test_a_group_goes_by_the_check_on_its_pulls_own_head(
    own: tuple[str | None, str] | None, conclusion: str | None, title: str | None
) -> None:
    entry = an_entry(1, 13, own)
    check = checks(entry)[sha("group 13")]
    assert check.conclusion == conclusion
    assert check.status == ("completed" if conclusion else "in_progress")
    assert check.title == (title or f"#13: {own[1] if own else ''}")
    assert "[#13](https://x.example/pull/13)" in check.summary


def test_a_need_that_is_ahead_in_the_same_queue_is_waited_for() -> None:
    first, second = an_entry(1, 12), an_entry(2, 13, (None, "Waiting for W1 (#12): in the queue"))
    assert checks(first, second)[sha("group 13")].conclusion is None
    turned = checks(replace(first, position=2), replace(second, position=1))
    assert turned[sha("group 13")].conclusion == "failure"


def test_everything_ahead_counts_and_nothing_behind() -> None:
    bad = (None, "Waiting for W1 (#9): still a draft")
    outside = [replace(each, own=a_run(*GREEN, external_id="outside/x")) for each in (an_entry(1, 12), an_entry(3, 14))]
    found = checks(outside[1], outside[0], an_entry(2, 13, bad))
    assert [found[sha(f"group {number}")].conclusion for number in (12, 13, 14)] == ["success", "failure", "failure"]
    assert found[sha("group 14")].title == "#13: Waiting for W1 (#9): still a draft"


def test_what_stops_a_group_is_named_before_what_it_waits_for() -> None:
    found = checks(an_entry(1, 12, None), an_entry(2, 13, ("action_required", "Held by mia")))
    assert found[sha("group 13")].title == "#13: Held by mia (and 1 more)"


def test_an_entry_without_a_group_has_no_check() -> None:
    assert checks(an_entry(1, 12, built=False)) == {}


def test_what_is_shown_already_is_not_written_again_and_changes_in_place() -> None:
    entry = an_entry(1, 12)
    first = checks(entry)[sha("group 12")]
    assert first.run is None
    shown = replace(entry, shown=a_run("success", first.title, first.external_id))
    assert checks(shown) == {}
    held = checks(replace(shown, own=a_run("action_required", "Held by mia")))[sha("group 12")]
    assert (held.run, held.conclusion) == (NodeId("CR_1"), "failure")


def test_words_of_others_do_nothing_in_the_text() -> None:
    title = "Held by mia: @octo/all closes #7 <!-- x -->"
    summary = checks(an_entry(1, 12, ("action_required", title)))[sha("group 12")].summary
    assert "@octo" not in summary
    assert "closes #7" not in summary
    assert "<!--" not in summary


def test_of_the_plans_pulls_one_at_a_time_may_land() -> None:
    found = checks(an_entry(1, 12), an_entry(2, 13))
    assert [found[sha(f"group {number}")].conclusion for number in (12, 13)] == ["success", None]
    assert "#12, which is ahead" in found[sha("group 13")].title


@pytest.mark.parametrize(
    ("doing", "conclusion"),
    [
        (None, "success"),
        ("W1 (#12) is in GitHub's merge queue", "success"),
        ("it is rolled back in #12", "success"),
        ("W3 (#112) is in GitHub's merge queue", None),
        ("W3 (#9) is being verified", None),
        ("#12 (#40) is being verified", None),
    ],
)
def test_the_plan_that_has_the_turn_says_which_one(doing: str | None, conclusion: str | None) -> None:
    (check,) = group_checks([an_entry(1, 12)], doing)
    assert check.conclusion == conclusion


@pytest.mark.parametrize("external_id", ["outside/x/y", "plan/5/x/y/z"])
def test_pulls_outside_plans_land_beside_those_of_plans(external_id: str) -> None:
    free = an_entry(2, 13)
    free = replace(free, own=a_run("success", "Not part of a plan any more", external_id))
    found = {check.head_sha: check for check in group_checks([an_entry(1, 12), free], "W1 (#12) is verified")}
    assert found[sha("group 13")].conclusion == "success"


@pytest.mark.parametrize(
    ("gate", "case"),
    [
        ("mergeable", a_case(pull=a_pull(mergeable=Mergeable.UNKNOWN))),
        ("turn", a_case(unproven=Unproven(what="W0", pull=PullNumber(11), found=None))),
    ],
)
def test_what_the_gates_say_of_short_waits_is_known_as_such(gate: str, case: Case) -> None:
    (reason,) = [each.check(case).reason for each in load_gates() if each.name == gate]
    assert checks(an_entry(1, 13, (None, reason)))[sha("group 13")].conclusion is None


def test_what_the_gate_order_says_names_the_need() -> None:
    (reason,) = [
        each.check(a_case(needs=(a_need("W0", pull=11),))).reason for each in load_gates() if each.name == "order"
    ]
    found = checks(an_entry(1, 11, (None, "is being verified")), an_entry(2, 13, (None, reason)))
    assert found[sha("group 13")].conclusion is None
    assert checks(an_entry(1, 13, (None, reason)))[sha("group 13")].conclusion == "failure"
