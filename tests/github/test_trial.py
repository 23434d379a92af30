"""What GitHub may answer while a merge is tried, and what of it the sandbox never says."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.actions import BuildBranch, Outcome, OutcomeKind, TryMerge
from bot.core.model import Branch, Sha
from bot.github.git_database import Comparison
from bot.github.trial import conflicting_paths
from tests.github.fake import REPOSITORY, Handler, Stack, reply, silence

ONTO, HEAD, NEW, MERGED = (Sha(letter * 40) for letter in "abce")
TREE = Sha("d" * 40)
TRIAL = Branch("signalbox/trial")
ROOT = "/repos/octo/demo"
COMMITS, REFS, MERGES = f"POST {ROOT}/git/commits", f"POST {ROOT}/git/refs", f"POST {ROOT}/merges"
TIP = f"GET {ROOT}/git/ref/heads/{TRIAL}"
DELETE, MOVE = f"DELETE {ROOT}/git/refs/heads/{TRIAL}", f"PATCH {ROOT}/git/refs/heads/{TRIAL}"
TRY = TryMerge(onto=ONTO, head=HEAD, trial=TRIAL)
NO_PERMISSION = reply({"message": "Resource not accessible by integration"}, status=403)


def a_file(name: str, status: str = "modified", **more: str) -> dict[str, str]:
    return {"filename": name, "status": status, **more}


def compared(*files: dict[str, str], ahead: int = 1, merges: int = 0) -> Handler:
    commits = [{"parents": [{"sha": ONTO}] * (2 if number < merges else 1)} for number in range(min(ahead, 100))]
    tree = {"commit": {"tree": {"sha": TREE}}}
    return reply({"ahead_by": ahead, "base_commit": tree, "commits": commits, "files": list(files)})


def a_commit(sha: Sha = NEW, parents: Sequence[Sha] = (ONTO,)) -> Handler:
    tree: dict[str, Any] = {"tree": {"sha": TREE}}
    return reply({"sha": sha, **tree, "commit": tree, "parents": [{"sha": each} for each in parents]}, status=201)


def a_ref(sha: Sha) -> Handler:
    return reply({"object": {"sha": sha}})


MERGE = a_commit(MERGED, (NEW, HEAD))


@pytest.fixture
def github(stack: Stack) -> Stack:
    """A GitHub where both sides changed the same file and the merge goes well."""
    both_ways(stack, compared(a_file("x")), compared(a_file("x")))
    stack.fake.answers(f"GET {ROOT}/git/commits/{ONTO}", a_commit(ONTO))
    stack.fake.answers(COMMITS, a_commit())
    stack.fake.answers(REFS, reply({}, status=201))
    stack.fake.answers(MERGES, MERGE)
    stack.fake.answers(TIP, a_ref(NEW))
    stack.fake.answers(DELETE, reply(None, status=204))
    return stack


def both_ways(stack: Stack, theirs: Handler, ours: Handler) -> None:
    stack.fake.answers(f"GET {ROOT}/compare/{ONTO}...{HEAD}", theirs)
    stack.fake.answers(f"GET {ROOT}/compare/{HEAD}...{ONTO}", ours)


async def attempt(stack: Stack, *, want_tree: bool = True) -> Outcome:
    return await stack.client.try_merge(REPOSITORY, TryMerge(onto=ONTO, head=HEAD, trial=TRIAL, want_tree=want_tree))


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (MERGE, OutcomeKind.DONE, ""),
        (reply(None, status=204), OutcomeKind.DONE, ""),
        (reply({"message": "Merge conflict"}, status=409), OutcomeKind.CONFLICT, "Merge conflict"),
        (
            reply({"message": "You're not authorized to push to this branch."}, status=409),
            OutcomeKind.REFUSED,
            "Contents: read and write",
        ),
        (reply({"message": "Some news"}, status=409), OutcomeKind.REFUSED, "Some news"),
        (NO_PERMISSION, OutcomeKind.REFUSED, "Contents: read and write"),
        (reply({"message": "Base does not exist"}, status=404), OutcomeKind.MOVED, "Base does not exist"),
        (reply({"message": "slow down"}, status=429, headers={"retry-after": "1"}), OutcomeKind.LATER, "slow down"),
        (reply({}, status=502), OutcomeKind.UNKNOWN, ""),
        (silence, OutcomeKind.UNKNOWN, ""),
        (reply({"sha": NEW}, status=201), OutcomeKind.LATER, "documented shape"),
    ],
)
async def test_every_end_of_a_trial_is_told_apart(
    github: Stack, quick: None, answer: Handler, kind: OutcomeKind, words: str
) -> None:
    github.fake.answers(MERGES, answer)
    outcome = await attempt(github)
    assert (outcome.kind, outcome.tree) == (kind, TREE if kind is OutcomeKind.DONE else None)
    assert words in outcome.detail
    assert outcome.paths == (("x",) if kind is OutcomeKind.CONFLICT else ())
    assert len(github.fake.of(MERGES)) == 1
    assert len(github.fake.of(DELETE)) == (0 if kind is OutcomeKind.LATER and "slow" in words else 1)


async def test_a_merge_is_of_just_the_two(github: Stack) -> None:
    await attempt(github)
    assert github.fake.of(COMMITS)[0].body["parents"] == [ONTO]
    assert github.fake.of(REFS)[0].body == {"ref": f"refs/heads/{TRIAL}", "sha": NEW}
    (merge,) = github.fake.of(MERGES)
    assert merge.body == {"base": TRIAL, "head": HEAD, "commit_message": "Try a merge [skip ci]"}


@pytest.mark.parametrize(
    ("answer", "tip"),
    [(a_commit(MERGED, (ONTO, HEAD)), NEW), (reply(None, status=204), MERGED)],
    ids=["before ours", "and ours is in it already"],
)
async def test_what_another_merged_into_the_same_branch_counts_for_nothing(
    github: Stack, answer: Handler, tip: Sha
) -> None:
    github.fake.answers(MERGES, answer)
    github.fake.answers(TIP, a_ref(tip))
    outcome = await attempt(github)
    assert (outcome.kind, outcome.tree) == (OutcomeKind.MOVED, None)
    assert "somebody else moved the branch signalbox/trial" in outcome.detail


async def test_a_trial_branch_that_is_there_is_moved(github: Stack) -> None:
    github.fake.answers(REFS, reply({"message": "Reference already exists"}, status=422))
    github.fake.answers(MOVE, reply({}))
    assert (await attempt(github)).kind is OutcomeKind.DONE
    assert github.fake.of(MOVE)[0].body == {"sha": NEW, "force": True}


@pytest.mark.parametrize(
    ("answer", "kind", "deleted"),
    [
        (reply({"message": "Repository rule violations found"}, status=422), OutcomeKind.REFUSED, 0),
        (NO_PERMISSION, OutcomeKind.REFUSED, 0),
        (reply({"message": "Conflict"}, status=409), OutcomeKind.MOVED, 0),
        (silence, OutcomeKind.UNKNOWN, 1),
    ],
)
async def test_a_trial_without_a_branch_tries_nothing(
    github: Stack, quick: None, answer: Handler, kind: OutcomeKind, deleted: int
) -> None:
    github.fake.answers(REFS, answer)
    assert (await attempt(github)).kind is kind
    assert github.fake.of(MERGES) == []
    assert len(github.fake.of(DELETE)) == deleted


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"message": "Not Found"}, status=404), OutcomeKind.REFUSED),
        (reply({}, status=502), OutcomeKind.LATER),
        (reply({"ahead_by": 1}), OutcomeKind.LATER),
        (reply({"message": "slow down"}, status=429, headers={"retry-after": "9"}), OutcomeKind.LATER),
    ],
)
async def test_a_read_that_fails_is_an_outcome(github: Stack, quick: None, answer: Handler, kind: OutcomeKind) -> None:
    github.fake.answers(f"GET {ROOT}/compare/{HEAD}...{ONTO}", answer)
    assert (await attempt(github)).kind is kind
    assert github.fake.of(COMMITS) == []


MANY = [a_file(f"many/{number}") for number in range(300)]


@pytest.mark.parametrize(
    ("theirs", "ours", "proof"),
    [
        (compared(a_file("x")), compared(a_file("y", "added")), True),
        (compared(a_file("x"), ahead=400), compared(a_file("y")), True),
        (compared(a_file("x"), ahead=3, merges=1), compared(a_file("y")), True),
        (compared(a_file("x"), ahead=3, merges=1), compared(a_file("y"), ahead=2, merges=2), False),
        (compared(a_file("x"), ahead=400), compared(a_file("y"), ahead=400), False),
        (compared(a_file("x")), compared(a_file("x")), False),
        (compared(a_file("x/y")), compared(a_file("x", "added")), False),
        (compared(a_file("x", "removed")), compared(a_file("y")), False),
        (compared(a_file("x")), compared(a_file("y", "renamed", previous_filename="z")), False),
        (compared(a_file("x")), compared(a_file("y", "news")), False),
        (compared(*MANY), compared(a_file("y")), False),
        (compared(*MANY[1:]), compared(a_file("y")), True),
    ],
    ids=[
        "apart", "many commits on one side", "merges on one side", "merges on both", "many commits on both", "same file",
        "file and folder", "removed", "renamed", "unheard of", "cut list", "long list",
    ],
)  # fmt: skip
async def test_only_paths_that_prove_it_spare_the_trial(
    github: Stack, theirs: Handler, ours: Handler, *, proof: bool
) -> None:
    both_ways(github, theirs, ours)
    assert (await attempt(github, want_tree=False)).kind is OutcomeKind.DONE
    assert (github.fake.of(MERGES) == []) is proof
    assert (await attempt(github)).tree == TREE


def side(*paths: str) -> Comparison:
    return Comparison(base_tree=TREE, ahead_by=1, paths=frozenset(paths), complete=True, only_keeps=True, linear=True)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (side("b", "a", "c"), side("a", "b", "d"), ("a", "b")),
        (side("lib/x/y", "z"), side("lib", "q"), ("lib", "lib/x/y")),
        (side("library/x"), side("lib", "q"), ("library/x",)),
        (side("a", "b"), side("d", "c", "e"), ("a", "b")),
        (side(), side("d"), ("d",)),
        (side(), side(), ()),
    ],
    ids=["shared", "file and folder", "only alike", "smaller side", "empty side", "both empty"],
)
def test_a_conflict_is_where_both_sides_were(ours: Comparison, theirs: Comparison, expected: tuple[str, ...]) -> None:
    assert conflicting_paths(ours, theirs) == expected


async def test_names_of_branches_are_no_paths(github: Stack) -> None:
    """A slash, a number sign or a question mark in a branch's name stays part of the name."""
    odd = Branch("team/fix#1?x")
    github.fake.answers(REFS, reply({"message": "Reference already exists"}, status=422))
    github.fake.answers(f"GET {ROOT}/git/ref/heads/{odd}", reply({"object": {"sha": NEW}}))
    github.fake.answers(f"GET {ROOT}/git/commits/{NEW}", a_commit())
    action = BuildBranch(what="x", branch=odd, onto=ONTO, tree=TREE, changes=(), trial=TRIAL, message="m")
    outcome = await github.client.build_branch(REPOSITORY, action)
    assert (outcome.kind, outcome.result, outcome.tree) == (OutcomeKind.DONE, NEW, TREE)
