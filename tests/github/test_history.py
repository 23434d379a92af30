from collections.abc import Sequence

import pytest

from bot.core.model import Sha
from bot.github.history import Course
from tests.github import answers
from tests.github.answers import Json, moved, nodes, tree_of


def sha(letter: str) -> Sha:
    return Sha(letter * 40)


def course(tip: str, since: str, *pages: Sequence[Json]) -> list[str] | None:
    walk = Course(sha(tip), sha(since))
    for page in pages:
        walk.take(page)
    return None if walk.steps is None else [step.sha[0] for step in walk.steps]


def commit(name: str, *parents: str) -> Json:
    return moved(sha(name), *map(sha, parents))


# a is the root; d merges the branch x, y, which left at a; by its dates the branch is younger than b and c.
MIXED = [
    commit("e", "d"),
    commit("d", "c", "y"),
    commit("y", "x"),
    commit("x", "a"),
    commit("c", "b"),
    commit("b", "a"),
]


@pytest.mark.parametrize(
    ("tip", "since", "expected"),
    [
        ("e", "a", ["b", "c", "d", "e"]),
        ("e", "c", ["d", "e"]),
        ("d", "c", ["d"]),
        ("e", "e", []),
        ("e", "y", None),
        ("e", "f", None),
    ],
)
def test_only_first_parents_are_moves_of_the_branch(tip: str, since: str, expected: list[str] | None) -> None:
    assert course(tip, since, MIXED, [commit("a")]) == expected


def test_a_long_branch_can_fill_pages_between_two_moves() -> None:
    pages = [[one] for one in MIXED]
    assert course("e", "a", *pages) == ["b", "c", "d", "e"]
    assert course("e", "a", *pages[:-1]) is None


def test_a_course_ends_where_it_is_met_or_at_the_root() -> None:
    walk = Course(sha("e"), sha("c"))
    assert not walk.ended
    walk.take(MIXED[:2])
    assert walk.ended
    rewritten = Course(sha("b"), sha("f"))
    rewritten.take([commit("b", "a"), commit("a")])
    assert rewritten.ended
    assert rewritten.steps is None


def test_a_step_says_what_moved_the_branch_and_from_where() -> None:
    brought = nodes({"number": 3, "mergedAt": answers.TIME}, {"number": 4, "mergedAt": None})
    walk = Course(sha("b"), sha("a"))
    walk.take([moved(sha("b"), sha("a"), sha("x"), associatedPullRequests=brought)])
    assert walk.steps is not None
    (step,) = walk.steps
    assert (step.sha, step.before) == (sha("b"), sha("a"))
    assert (step.tree, step.tree_before) == (tree_of(sha("b")), tree_of(sha("a")))
    assert (step.headline, step.author, step.pulls) == ("Commit bbbb", "ada", (3,))
    assert step.at is not None


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ({"name": "Ada L.", "user": {"login": "ada"}}, "ada"),
        ({"name": "signalbox[bot]", "user": None}, "signalbox[bot]"),
        ({"name": None, "user": None}, "ghost"),
        (None, "ghost"),
        ({"name": "Key ghp_secret1234", "user": None}, "Key [removed]"),
    ],
)
def test_an_author_without_an_account_has_the_name_of_the_commit(author: Json | None, name: str) -> None:
    walk = Course(sha("b"), sha("a"))
    walk.take([moved(sha("b"), sha("a"), author=author)])
    assert walk.steps is not None
    assert walk.steps[0].author == name


def test_a_headline_comes_without_secrets() -> None:
    walk = Course(sha("b"), sha("a"))
    walk.take([moved(sha("b"), sha("a"), messageHeadline="Use ghp_secret1234")])
    assert walk.steps is not None
    assert walk.steps[0].headline == "Use [removed]"
