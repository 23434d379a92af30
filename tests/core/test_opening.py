"""What is laid for a workstream that is brought anew, and from where branches begin."""

from dataclasses import replace
from typing import Any

from bot.core.actions import Action, BuildBranch, Change, CreateRefs, EmptyCommit, OpenPull
from bot.core.facts import BranchFacts, Facts, WorkstreamFacts
from bot.core.judge import judge
from bot.core.memory import Memory
from bot.core.model import Acceptance, Again, Branch, Key, Login
from bot.core.opening import opening, trial_branch
from tests.build import ago, an_intent, an_order, sha, tree_of
from tests.core.ground import W2, a_world, memory_of, merge_of

GOOD, BAD = merge_of("W1", "m1", green=True), merge_of("W2", "m2", "m1")
ANEW = Branch("part/w2-try-2")


def retried(*, unclean: tuple[str, ...] = (), **intent: Any) -> Memory:
    """W2 landed, was taken back by people, and is to be brought anew on m3."""
    again = Again(
        by=Login("mia"), at=ago(1), attempt=2, onto=sha("m3"), before=sha("m1"), landed=sha("m2"), tree=tree_of("m2"),
        failure="It broke", unclean=unclean,
    )  # fmt: skip
    joined = Acceptance(by=Login("mia"), at=ago(1), base_sha=sha("m3"))
    fields = {"again": {W2: again}, "pinned": {W2: ANEW}, "joined": {W2: joined}, **intent}
    return memory_of(GOOD.landing, replace(BAD.landing, undone=0), tip=sha("m3"), intent=an_intent(**fields))


def world(branch: str | None = None, **more: Any) -> Facts:
    """What is on the new branch of W2: nothing yet, or a commit."""
    given = a_world(GOOD, BAD)
    tip = None if branch is None else BranchFacts(name=ANEW, sha=sha(branch), message="x", **more)
    return replace(given, workstreams={**given.workstreams, W2: WorkstreamFacts(branch=tip)})


def laid(given: Facts, memory: Memory) -> list[Action]:
    labelled = replace(given, repository=given.repository)
    return list(opening(judge(labelled, memory), labelled, memory))


def test_a_change_is_brought_anew_from_the_base_before_it_to_what_it_gave() -> None:
    [build] = laid(world(), retried())
    assert isinstance(build, BuildBranch)
    assert (build.branch, build.onto, build.tree) == (ANEW, sha("m3"), None)
    assert build.changes == (Change(start=sha("m1"), tree=tree_of("m2")),)
    assert build.what == "the new branch of W2"
    assert build.trial == trial_branch(given_issue()) == "signalbox/5/trial"


def given_issue() -> Any:
    return world().issue.number


def test_its_pull_is_opened_without_an_opening_commit_since_the_branch_holds_the_change() -> None:
    [opened] = laid(world("new", ahead=1), retried())
    assert isinstance(opened, OpenPull)
    assert (opened.key, opened.head, opened.base) == ("W2", ANEW, "main")


def test_where_the_change_does_not_fit_any_more_the_branch_begins_empty() -> None:
    [refs] = laid(world(), retried(unclean=("a.py",)))
    assert refs == CreateRefs(refs=((f"refs/heads/{ANEW}", sha("m3")),))
    [commit] = laid(world("m3", ahead=0), retried(unclean=("a.py",)))
    assert isinstance(commit, EmptyCommit)
    assert (commit.branch, commit.expected) == (ANEW, sha("m3"))


def test_nothing_is_laid_for_what_was_skipped_or_of_a_cancelled_plan() -> None:
    assert laid(world(), retried(skipped={W2: an_order()})) == []
    assert laid(world(), retried(cancelled=an_order())) == []


def test_a_paused_plan_still_lays_what_is_missing() -> None:
    assert [type(each) for each in laid(world(), retried(paused=an_order()))] == [BuildBranch]


def test_what_came_in_later_begins_with_what_had_landed_by_then() -> None:
    joined = {Key("W3"): Acceptance(by=Login("mia"), at=ago(1), base_sha=sha("m2"))}
    given = a_world(GOOD, BAD)
    given = replace(given, workstreams={**given.workstreams, Key("W3"): WorkstreamFacts()})
    memory = memory_of(GOOD.landing, BAD.landing, intent=an_intent(joined=joined))
    assert laid(given, memory) == [CreateRefs(refs=(("refs/heads/part/w3", sha("m2")),))]
