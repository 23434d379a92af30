"""Branches built and merges tried, on a real git repository: git itself says what is right."""

import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from bot.core.actions import BuildBranch, Change, Outcome, OutcomeKind, TryMerge
from bot.core.model import Branch, Sha
from tests.draws import LONG
from tests.github.story import DONE, MOVED, REFUSED, UNKNOWN, Story
from tests.github.workshop import FILE, LINK, PROGRAM, TRIAL, Files, Workshop

CONFLICT = OutcomeKind.CONFLICT
ROLLBACK = Branch("signalbox/rollback-1")
LINES = "".join(f"line {number}\n" for number in range(1, 13))


@pytest.fixture
def shop(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(story, Path(tmp_path_factory.mktemp("clone")))


async def build(shop: Workshop, onto: Sha, *changes: Change, tree: Sha | None = None) -> Outcome:
    action = BuildBranch(
        what="rollback 1", branch=ROLLBACK, onto=onto, tree=tree, changes=changes, trial=TRIAL, message="Take W1 back"
    )
    return await shop.story.client.build_branch(shop.story.repository, action)


async def attempt(shop: Workshop, onto: Sha, head: Sha, *, want_tree: bool = True) -> Outcome:
    action = TryMerge(onto=onto, head=head, trial=TRIAL, want_tree=want_tree)
    return await shop.story.client.try_merge(shop.story.repository, action)


async def back(shop: Workshop, landing: Sha, before: Sha) -> Change:
    """What takes a landing back."""
    return Change(start=landing, tree=await shop.tree(before))


def lines(**changed: str) -> str:
    """The twelve lines, some of them changed: line3="new"."""
    text = LINES
    for name, new in changed.items():
        text = text.replace(f"line {name.removeprefix('line')}\n", f"{new}\n")
    return text


async def no_trace(shop: Workshop, *branches: str) -> None:
    assert await shop.refs() == {"refs/heads/main", *(f"refs/heads/{branch}" for branch in branches)}


# ---- building a branch ----


async def test_a_known_tree_is_put_on_the_base_as_one_commit(shop: Workshop) -> None:
    before = await shop.tip()
    onto = await shop.grow({"bad.txt": "bad\n", "README.md": None})
    built = await build(shop, onto, tree=await shop.tree(before))
    assert (built.kind, built.tree) == (DONE, await shop.tree(before))
    assert built.result == await shop.tip(ROLLBACK)
    commit = await shop.call("GET", f"/git/commits/{built.result}")
    assert (commit["message"], [parent["sha"] for parent in commit["parents"]]) == ("Take W1 back", [onto])
    await no_trace(shop, ROLLBACK)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_landing_is_taken_back_as_git_reverts_it(shop: Workshop, method: str) -> None:
    before = await shop.grow({"both.txt": LINES, "gone.txt": "g\n", "run.sh": "#!/bin/sh\n", "old/name.txt": LINES})
    await shop.put("w1", before)
    await shop.grow({"both.txt": lines(line2="W1"), "new.txt": "n\n", "gone.txt": None}, "w1")
    work = {"run.sh": (PROGRAM, "#!/bin/sh\n"), "old/name.txt": None, "new/name.txt": LINES, "link": (LINK, "new.txt")}
    await shop.grow(work, "w1")
    landing = await shop.merged("w1", method)
    onto = await shop.grow({"both.txt": lines(line2="W1", line11="later"), "other.txt": "o\n"})
    built = await build(shop, onto, await back(shop, landing, before))
    assert built.kind is DONE, built
    await shop.fetch()
    landed = [landing] if method != "rebase" else [landing, Sha(await shop.sure("rev-parse", f"{landing}^"))]
    assert built.tree == await shop.git_revert(onto, *landed)
    assert built.tree == await shop.tree(await shop.tip(ROLLBACK))
    expected = await shop.commit({"both.txt": lines(line11="later"), "other.txt": "o\n"}, before)
    assert built.tree == await shop.tree(expected)
    await no_trace(shop, ROLLBACK, "w1")


async def test_several_landings_are_taken_back_in_one_commit(shop: Workshop) -> None:
    start = await shop.grow({"both.txt": LINES})
    first = await shop.grow({"both.txt": lines(line2="W1")})
    second = await shop.grow({"both.txt": lines(line2="W1", line11="W2")})
    onto = await shop.grow({"theirs.txt": "t\n"})
    built = await build(shop, onto, await back(shop, second, first), await back(shop, first, start))
    assert built.tree == await shop.tree(await shop.commit({"theirs.txt": "t\n"}, start))


async def test_a_landing_is_brought_anew(shop: Workshop) -> None:
    before = await shop.grow({"both.txt": LINES})
    landing = await shop.grow({"both.txt": lines(line2="W1"), "new.txt": "n\n"})
    onto = await shop.grow({"both.txt": lines(line11="later"), "new.txt": None})
    built = await build(shop, onto, Change(start=before, tree=await shop.tree(landing)))
    expected = await shop.commit({"both.txt": lines(line2="W1", line11="later"), "new.txt": "n\n"}, before)
    assert built.tree == await shop.tree(expected)


async def test_what_was_taken_back_already_leaves_the_base_as_it_is(shop: Workshop) -> None:
    before = await shop.tip()
    landing = await shop.grow({"new.txt": "n\n"})
    onto = await shop.grow({"new.txt": None})
    built = await build(shop, onto, await back(shop, landing, before))
    assert built.tree == await shop.tree(onto)


async def test_a_conflict_names_its_files_and_leaves_nothing_behind(shop: Workshop) -> None:
    before = await shop.grow({"both.txt": LINES, "moved.txt": "a\nb\nc\nd\n"})
    landing = await shop.grow({"both.txt": lines(line2="W1"), "mine.txt": "m\n", "moved.txt": "a\nB\nc\nd\n"})
    changed = {"both.txt": lines(line2="later"), "else.txt": "e\n", "moved.txt": None, "away/moved.txt": "a\nX\nc\nd\n"}
    onto = await shop.grow(changed)
    built = await build(shop, onto, await back(shop, landing, before))
    assert (built.kind, built.paths) == (CONFLICT, ("both.txt", "moved.txt"))
    assert (built.result, built.tree) == (None, None)
    await no_trace(shop)


async def test_a_file_in_the_place_of_a_folder_is_named_with_what_it_displaces(shop: Workshop) -> None:
    base = await shop.tip()
    onto, head = await shop.commit({"x": "file\n", "y": "y\n"}, base), await shop.commit({"x/deep/z": "z\n"}, base)
    tried = await attempt(shop, onto, head, want_tree=False)
    assert (tried.kind, tried.paths) == (CONFLICT, ("x", "x/deep/z"))


async def test_doing_it_twice_finds_the_first(shop: Workshop) -> None:
    before = await shop.tip()
    landing = await shop.grow({"new.txt": "n\n"})
    change = await back(shop, landing, before)
    first = await build(shop, landing, change)
    assert first.kind is DONE
    assert await build(shop, landing, change) == first
    assert await build(shop, landing, tree=await shop.tree(before)) == first
    assert await shop.tip(ROLLBACK) == first.result
    await no_trace(shop, ROLLBACK)


async def test_a_branch_with_something_else_on_it_is_left_alone(shop: Workshop) -> None:
    before = await shop.tip()
    onto = await shop.grow({"bad.txt": "bad\n"})
    for theirs in (
        before,
        await shop.commit({"theirs.txt": "t\n"}, onto),
        await shop.commit({}, before),
    ):
        await shop.put(ROLLBACK, theirs)
        assert (await build(shop, onto, tree=await shop.tree(before))).kind is MOVED
        assert await shop.tip(ROLLBACK) == theirs


async def test_what_github_does_not_know_is_refused(shop: Workshop) -> None:
    onto, unknown = await shop.tip(), Sha("1" * 40)
    tree = await shop.tree(onto)
    assert (await build(shop, onto, tree=unknown)).kind is REFUSED
    assert (await build(shop, unknown, tree=tree)).kind is REFUSED
    assert (await build(shop, onto, Change(start=onto, tree=unknown))).kind is REFUSED
    assert (await attempt(shop, onto, unknown)).kind is REFUSED
    await no_trace(shop)


async def test_a_trial_that_was_interrupted_is_in_nobodys_way(shop: Workshop) -> None:
    before = await shop.tip()
    landing = await shop.grow({"new.txt": "n\n"})
    await shop.put(TRIAL, before)
    built = await build(shop, landing, await back(shop, landing, before))
    assert (built.kind, built.tree) == (DONE, await shop.tree(before))
    await no_trace(shop, ROLLBACK)


@pytest.mark.parametrize(
    "match",
    ["POST /repos/*/git/commits", "POST /repos/*/git/refs", "POST /repos/*/merges", "DELETE /repos/*/git/refs/*"],
)
async def test_an_answer_that_is_lost_does_no_harm(shop: Workshop, match: str) -> None:
    before = await shop.tip()
    landing = await shop.grow({"new.txt": "n\n"})
    change = await back(shop, landing, before)
    await shop.story.knob({"api": [{"match": match, "times": 1, "status": 0, "after": True}]})
    lost = await build(shop, landing, change)
    assert lost.kind is (DONE if match.startswith("DELETE") else UNKNOWN)
    assert (await build(shop, landing, change)).kind is DONE
    await no_trace(shop, ROLLBACK)


async def test_the_last_answer_lost_is_a_branch_found(shop: Workshop) -> None:
    before = await shop.tip()
    onto = await shop.grow({"new.txt": "n\n"})
    await shop.story.knob({"api": [{"match": "POST /repos/*/git/refs", "times": 1, "status": 0, "after": True}]})
    assert (await build(shop, onto, tree=await shop.tree(before))).kind is UNKNOWN
    found = await build(shop, onto, tree=await shop.tree(before))
    assert (found.kind, found.result) == (DONE, await shop.tip(ROLLBACK))


async def test_no_ci_is_started_beside_the_checks_of_the_base(shop: Workshop) -> None:
    """A trial put on the base itself would start CI on that commit again, and the base would look unverified."""
    base = await shop.grow({"both.txt": LINES})
    onto, head = await shop.commit({"a": "a\n"}, base), await shop.commit({"b": "b\n"}, base)
    await shop.story.knob({"api": [{"match": "DELETE /repos/*/git/refs/*", "times": 1, "status": 500}]})
    assert (await attempt(shop, onto, head)).kind is DONE
    merge = await shop.call("GET", f"/git/commits/{await shop.tip(TRIAL)}")
    start = await shop.call("GET", f"/git/commits/{merge['parents'][0]['sha']}")
    assert [parent["sha"] for parent in start["parents"]] == [onto]
    assert all("[skip ci]" in commit["message"] for commit in (merge, start))


# ---- trying merges ----


async def test_one_that_contains_the_other_needs_no_trial(shop: Workshop) -> None:
    old = await shop.tip()
    new = await shop.commit({"a.txt": "a\n"}, old)
    for onto, head in ((new, old), (old, new), (new, new)):
        tried = await attempt(shop, onto, head)
        assert (tried.kind, tried.tree) == (DONE, await shop.tree(onto if onto == new else head))


async def test_changes_of_both_sides_to_one_file_merge_as_git_merges_them(shop: Workshop) -> None:
    base = await shop.grow({"both.txt": LINES})
    onto, head = (
        await shop.commit({"both.txt": lines(line2="a")}, base),
        await shop.commit({"both.txt": lines(line11="b")}, base),
    )
    tried = await attempt(shop, onto, head)
    merged = await shop.commit({"both.txt": lines(line2="a", line11="b")}, base)
    assert (tried.kind, tried.tree) == (DONE, await shop.tree(merged))
    await no_trace(shop)


async def test_paths_apart_are_proof_enough_where_no_tree_is_wanted(shop: Workshop) -> None:
    base = await shop.tip()
    onto, head = await shop.commit({"a.txt": "a\n"}, base), await shop.commit({"b.txt": "b\n"}, base)
    await shop.story.knob({"api": [{"match": "POST /repos/*", "times": 9, "status": 500}]})
    assert await attempt(shop, onto, head, want_tree=False) == Outcome(kind=DONE)


async def test_histories_without_a_common_commit_are_refused(shop: Workshop) -> None:
    onto = await shop.tip()
    body = {"message": "Another root", "tree": await shop.tree(onto), "parents": []}
    other = Sha((await shop.call("POST", "/git/commits", body))["sha"])
    assert (await attempt(shop, onto, other)).kind is REFUSED


PATHS = ("a.txt", "b.txt", "lib/c.txt", "lib/d.txt", "lib/deep/e.txt", "src/f.txt", "src/g.txt", "h")


def text_of(path: str) -> str:
    return "".join(f"{path} {number}\n" for number in range(8))


def some_work(dice: random.Random) -> Files:
    """A few changes of all kinds to the files of PATHS, and new files that may get in each other's way."""
    files: dict[str, Any] = {}
    for path in dice.sample(PATHS, dice.randint(1, 3)):
        text = text_of(path).replace(f" {dice.randint(0, 7)}\n", f" changed {dice.randint(0, 1)}\n")
        match dice.choice(["modify", "modify", "delete", "rename", "rename and modify", "mode", "link", "folder"]):
            case "modify":
                files[path] = text
            case "delete":
                files[path] = None
            case "rename":
                files |= {path: None, f"moved/{path}": text_of(path)}
            case "rename and modify":
                files |= {path: None, f"{dice.choice(['moved', 'away'])}/{path}": text}
            case "mode":
                files[path] = (PROGRAM, text_of(path))
            case "link":
                files[path] = (LINK, "b.txt")
            case "folder":
                files |= {path: None, f"{path}/inner.txt": "inner\n"}
    if dice.random() < 0.5:
        files[dice.choice(["new.txt", "lib/new.txt", "moved"])] = (FILE, f"new {dice.randint(0, 1)}\n")
    return files if "moved" not in files else {path: each for path, each in files.items() if path[:6] != "moved/"}


def generated(seed: int, heads: int = 4) -> Iterator[Files]:
    dice = random.Random(seed)
    for _ in range(heads):
        yield some_work(dice)


@pytest.mark.parametrize("seed", range(6 if LONG else 3))
async def test_just_those_conflict_that_git_finds_in_conflict(shop: Workshop, seed: int) -> None:
    base = await shop.grow({path: text_of(path) for path in PATHS})
    heads = []
    for number, files in enumerate(generated(seed)):
        heads.append(await shop.commit(files, base))
        await shop.put(f"h{number}", heads[-1])
    await shop.fetch()
    branches = [f"h{number}" for number in range(len(heads))]
    for onto, head in combinations(heads, 2):
        tree = await shop.git_merge(onto, head)
        asked = await attempt(shop, onto, head, want_tree=False)
        assert asked.kind is (CONFLICT if tree is None else DONE), (onto, head)
        assert bool(asked.paths) == (tree is None)
        whole = await attempt(shop, onto, head)
        assert (whole.kind, whole.tree, whole.paths) == (asked.kind, tree, asked.paths)
    await no_trace(shop, *branches)


@pytest.mark.parametrize("first", range(100, 150 if LONG else 110, 10))
async def test_what_is_foreseen_of_many_sets_of_heads_is_what_git_says(shop: Workshop, first: int) -> None:
    """Ten sets on one repository: only whether two heads go together, as the forecast asks it."""
    base = await shop.grow({path: text_of(path) for path in PATHS})
    sets = {
        seed: [await shop.commit(files, base) for files in generated(seed, heads=3)]
        for seed in range(first, first + 10)
    }
    branches = {f"h{seed}-{number}": head for seed, heads in sets.items() for number, head in enumerate(heads)}
    for branch, head in branches.items():
        await shop.call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
    await shop.fetch()
    conflicts = 0
    for seed, heads in sets.items():
        for onto, head in combinations(heads, 2):
            asked = await attempt(shop, onto, head, want_tree=False)
            together = await shop.git_merge(onto, head) is not None
            assert asked.kind is (DONE if together else CONFLICT), (seed, onto, head)
            conflicts += not together
    assert 2 < conflicts < 28  # of 30 pairs: the sets are worth it
    left = {each["name"] for each in await shop.call("GET", "/branches?per_page=100")}
    assert left == {"main", *branches}
