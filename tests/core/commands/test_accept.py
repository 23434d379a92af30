"""What `accept` puts into force, when it refuses, and what follows from it in the turns after."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.actions import CreateRefs, EmptyCommit, OpenPull, PutCheck
from bot.core.decide import Decision, decide
from bot.core.facts import BranchFacts, Facts, PullState, Verdict, WorkstreamFacts
from bot.core.memory import Memory
from bot.core.model import Acceptance, Branch, Key, Login, PlanState, Role, Stage
from bot.core.plan.revision import revision_of
from bot.core.survey import text_of
from tests.build import (
    a_base,
    a_command,
    a_memory,
    a_pull,
    a_repository,
    a_start,
    ago,
    an_intent,
    an_issue,
    an_order,
    facts,
    sha,
)
from tests.build_base import landed

W1, W2, W3 = Key("W1"), Key("W2"), Key("W3")
DONE, REFUSED = Verdict.DONE, Verdict.REFUSED


def body_of(*keys: str, base: str = "main", **needs: str) -> str:
    """A plan's text: these workstreams, on branches of their names in small letters."""
    sections = [
        f"## {key}: Part {key}\n\n- Branch: `b/{key.lower()}`\n- Depends on: {needs.get(key, 'none')}\n" for key in keys
    ]
    return f"Base: {base}\n\n" + "\n".join(sections)


OLD = body_of("W1", "W2")
NEW = body_of("W1", "W2", "W3", W3="W1")


def fields_of(key: str) -> dict[str, Any]:
    return {"number": 10 + int(key[1:]), "head": Branch(f"b/{key.lower()}"), "head_sha": sha(key)}


def pull_of(key: str, **more: Any) -> Any:
    return a_pull(**fields_of(key), **more)


def world(body: str, *, command: dict[str, Any] | None = None, found: Any = None, **more: Any) -> Facts:
    """W1 and W2 are laid, the issue reads `body`, and mia has just written `accept`."""
    issue = an_issue(body=body, edited_at=ago(5), **more.pop("issue", {}))
    calls = () if command is None else (a_command(**{"line": "accept", **command}),)
    given = facts(pulls={"W1": pull_of("W1"), "W2": pull_of("W2")}, issue=issue, commands=calls, **more)
    # what survey.py asks about is always in the facts, found or not
    asked = {key: WorkstreamFacts() for key in (W3, Key("W4"))}
    return replace(given, workstreams={**asked, **given.workstreams, **(found or {})})


def running(**more: Any) -> Memory:
    return a_memory(**{"approved_body": OLD, **more})


def answer(decision: Decision) -> tuple[Verdict, str]:
    return decision.answers[1].verdict, decision.answers[1].reply


def accepted(body: str = NEW, **more: Any) -> Decision:
    decision = decide(world(body, command={}, **more), running())
    assert answer(decision)[0] is DONE, answer(decision)
    return decision


def test_accept_puts_the_new_text_into_force_and_remembers_who_did_it() -> None:
    memory = accepted().memory
    mine = Acceptance(by=Login("mia"), at=ago(1), base_sha=sha("base"))
    assert memory.approved_body == NEW
    assert memory.intent.start == a_start(revision=revision_of(NEW))
    assert memory.intent.accepted == mine
    assert memory.intent.joined == {W3: mine}
    assert memory.intent.pinned == {W1: "b/w1", W2: "b/w2"}
    assert memory.intent.removed == {}


def test_what_is_added_gets_a_branch_where_the_base_is_now() -> None:
    decision = accepted(base=a_base(sha=sha("newer")))
    refs = [ref for action in decision.actions if isinstance(action, CreateRefs) for ref in action.refs]
    assert refs == [("refs/heads/b/w3", sha("newer"))]
    laid = {W3: WorkstreamFacts(branch=BranchFacts(name=Branch("b/w3"), sha=sha("newer"), message="Base"))}
    then = decide(world(NEW, found=laid, base=a_base(sha=sha("even newer"))), decision.memory)
    assert [each.branch for each in then.actions if isinstance(each, EmptyCommit)] == ["b/w3"]
    opened = {W3: WorkstreamFacts(branch=BranchFacts(name=Branch("b/w3"), sha=sha("own"), message="Open"))}
    last = decide(world(NEW, found=opened), then.memory)
    assert [each.key for each in last.actions if isinstance(each, OpenPull)] == [W3]
    assert last.branches[Branch("b/w3")] == (W3, None)


def test_a_branch_without_commits_that_was_there_is_taken_and_not_ours_to_delete() -> None:
    there = {W3: WorkstreamFacts(branch=BranchFacts(name=Branch("b/w3"), sha=sha("old"), message="Old", ahead=0))}
    decision = accepted(found=there)
    assert decision.memory.adopted == (W3,)
    assert [each.branch for each in decision.actions if isinstance(each, EmptyCommit)] == ["b/w3"]


def test_a_pull_that_was_opened_on_the_new_branch_before_the_edit_does_not_count() -> None:
    old = pull_of("W3", created_at=ago(20), state=PullState.MERGED, merged_at=ago(15), body="")
    there = {W3: WorkstreamFacts(branch=None, pulls=(old,))}
    assert accepted(found=there).view.stream(W3).pull is None


@pytest.mark.parametrize(
    ("body", "more", "says"),
    [
        pytest.param(OLD, {}, "Ticks alone", id="nothing pending"),
        pytest.param(NEW, {"command": {"line": "accept W3"}}, "leave `W3` out", id="words"),
        pytest.param(NEW, {"issue": {"open": False}}, "closed", id="closed issue"),
        pytest.param(NEW, {"command": {"at": ago(6)}}, "edited after", id="edited meanwhile"),
        pytest.param(NEW, {"command": {"role": Role.WRITE}}, "needs the role maintain", id="right"),
        pytest.param(NEW, {"base": a_base(sha=None)}, "does not exist", id="no base"),
        pytest.param(NEW, {"repository": a_repository(archived=True)}, "archived", id="archived"),
        pytest.param(body_of("W1", "W2", base="next"), {}, "keeps `main`", id="another base"),
        pytest.param(body_of("W1", "W2", W1="W2", W2="W1"), {}, "Not accepted: 1 problem", id="cycle"),
        pytest.param("Nothing planned any more", {}, "Not accepted", id="no workstreams"),
        pytest.param(OLD.replace("## W2", "## W4"), {}, "belongs to W2", id="branch of another"),
        pytest.param(OLD.replace("## W2", "## w2"), {}, "capital letters", id="key in small letters"),
        pytest.param(body_of("W1", "W2", "W3").replace("b/w3", "main"), {}, "others merge into", id="branch is base"),
        pytest.param(
            NEW,
            {
                "found": {
                    W3: WorkstreamFacts(branch=BranchFacts(name=Branch("b/w3"), sha=sha("x"), message="x", ahead=2))
                }
            },
            "exists already, with 2 commits",
            id="foreign commits",
        ),
        pytest.param(
            body_of(*(f"W{each}" for each in range(3, 103))), {}, "more workstreams than one plan may have", id="many"
        ),
    ],
)
def test_accept_is_refused_with_the_reason(body: str, more: dict[str, Any], says: str) -> None:
    decision = decide(world(body, **{"command": {}, **more}), running())
    verdict, reply = answer(decision)
    assert verdict is REFUSED
    assert says in reply
    assert decision.memory.approved_body == OLD
    assert decision.memory.intent == an_intent()


def test_accept_needs_a_plan_that_was_started() -> None:
    decision = decide(world(NEW, command={}), Memory())
    assert answer(decision)[0] is REFUSED
    assert "not been started" in answer(decision)[1]
    assert decision.memory.approved_body is None


def test_a_paused_plan_takes_an_edit_and_stays_paused() -> None:
    paused = an_intent(paused=an_order())
    decision = decide(world(NEW, command={}), running(intent=paused))
    assert answer(decision)[0] is DONE
    assert decision.view.state is PlanState.PAUSED
    assert decision.memory.intent.joined.keys() == {W3}


def test_accepting_what_is_in_force_already_says_so_and_changes_nothing() -> None:
    memory = accepted().memory
    decision = decide(world(NEW, command={}), memory)
    assert answer(decision)[0] is DONE
    assert "`mia` accepted this text" in answer(decision)[1]
    assert decision.memory.intent == memory.intent


def test_prose_alone_is_a_new_revision_and_nothing_else() -> None:
    decision = accepted(f"{OLD}\nBy the way.\n")
    assert "read the same" in answer(decision)[1]
    assert decision.memory.intent.joined == {}
    assert not [each for each in decision.actions if isinstance(each, CreateRefs | OpenPull)]


def test_ticks_of_our_own_do_not_make_an_edit_younger_than_it_is() -> None:
    """Signalbox ticks what landed: the issue is edited after the command was written, its text is not."""
    seen = decide(world(NEW), running()).memory
    assert seen.seen["edit"].value == text_of(NEW)
    ticked = NEW.replace("Part W1\n", "Part W1 ✅\n")
    assert ticked != NEW
    later = world(ticked, command={})
    later = replace(later, issue=replace(later.issue, edited_at=ago(0)))
    assert answer(decide(later, seen))[0] is DONE
    edited = replace(later, issue=replace(later.issue, body=NEW.replace("Part W3", "All of it")))
    assert answer(decide(edited, seen))[0] is REFUSED


@pytest.mark.parametrize(("minutes", "verdict"), [(0.5, REFUSED), (1, REFUSED), (1.1, DONE)])
def test_an_edit_in_the_second_of_the_command_may_be_unread(minutes: float, verdict: Verdict) -> None:
    given = world(NEW, command={})
    given = replace(given, issue=replace(given.issue, edited_at=ago(minutes)))
    assert answer(decide(given, running()))[0] is verdict


def test_a_repository_whose_default_branch_was_renamed_keeps_its_plans() -> None:
    bare, more = OLD.replace("Base: main\n\n", ""), NEW.replace("Base: main\n\n", "")
    given = world(more, command={}, repository=a_repository(default_branch=Branch("trunk")))
    assert answer(decide(given, running(approved_body=bare)))[0] is DONE


# ---- what an edit leaves out ----

LESS = body_of("W1")


def test_what_is_left_out_is_held_and_its_check_is_not_open() -> None:
    decision = accepted(LESS)
    stream = decision.view.stream(W2)
    assert stream.stage is Stage.HELD
    assert stream.asked_about
    [check] = [each for each in decision.actions if isinstance(each, PutCheck) and each.head_sha == sha("W2")]
    assert check.conclusion == "action_required"
    assert check.title.startswith("No longer in the plan")
    assert decision.branches[Branch("b/w2")] == (W2, 12)
    assert "No longer in the plan: **W2**" in answer(decision)[1]
    assert decision.view.pending is None  # it is asked about, and no difference any more


def test_the_plan_is_not_complete_before_somebody_decides() -> None:
    merge = landed("W1", **fields_of("W1"))
    given = world(LESS, command={})
    merged = {W1: replace(given.workstreams[W1], pulls=(merge.pull,))}
    before = replace(running(), landings=(merge.landing,))
    decision = decide(world(LESS, command={}, found=merged), before)
    assert decision.view.state is PlanState.RUNNING
    skipping = world(LESS, command={"line": "skip W2", "id": 2}, found=merged)
    then = decide(skipping, decision.memory)
    assert then.view.state is PlanState.COMPLETED
    assert then.view.stream(W2).stage is Stage.CANCELLED


def test_what_has_landed_stays_landed_though_an_edit_leaves_it_out() -> None:
    merge = landed("W2", **fields_of("W2"))
    given = world(LESS, command={})
    merged = {W2: replace(given.workstreams[W2], pulls=(merge.pull,))}
    decision = decide(world(LESS, command={}, found=merged), replace(running(), landings=(merge.landing,)))
    assert decision.view.stream(W2).stage is Stage.DONE
    assert not decision.view.stream(W2).asked_about
    assert "No longer" not in answer(decision)[1]


def test_nothing_more_is_laid_for_what_was_left_out_before_it_had_a_branch() -> None:
    given = world(LESS, command={})
    bare = {W2: WorkstreamFacts()}
    decision = decide(world(LESS, command={}, found=bare), running())
    assert decision.view.stream(W2).stage is Stage.HELD
    assert not [each for each in decision.actions if isinstance(each, CreateRefs | EmptyCommit | OpenPull)]
    assert given.workstreams[W2].pulls  # in the other stories it has one


def test_a_later_edit_takes_it_back_in_with_its_branch_and_leaves_others_out() -> None:
    first = accepted(LESS).memory
    back = decide(world(body_of("W2", "W3").replace("b/w2", "other"), command={"id": 2}), first)
    assert back.answers[2].verdict is DONE
    assert back.memory.intent.removed.keys() == {W1}
    assert back.view.stream(W2).branch == "b/w2"
    assert back.view.stream(W2).stage is not Stage.HELD
    assert back.memory.intent.joined.keys() == {W3}


# ---- branches that are laid ----


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(OLD.replace("b/w1", "elsewhere"), id="another branch"),
        pytest.param(OLD.replace("- Branch: `b/w1`\n", ""), id="no branch named"),
        pytest.param(OLD.replace("Part W1", "Another title"), id="another title"),
    ],
)
def test_a_branch_keeps_its_name_whatever_a_later_text_says(body: str) -> None:
    decision = accepted(body)
    assert decision.view.stream(W1).branch == "b/w1"
    assert not [each for each in decision.actions if isinstance(each, CreateRefs | OpenPull)]


def test_changed_needs_count_in_the_same_turn() -> None:
    decision = accepted(body_of("W1", "W2", W1="W2"))
    assert [need.key for need in decision.view.stream(W1).needs] == [W2]
    [check] = [each for each in decision.actions if isinstance(each, PutCheck) and each.head_sha == sha("W1")]
    assert check.title.startswith("Waiting for W2")
