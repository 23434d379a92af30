"""Commits, the course of the base and GitHub's trial merges, against the sandbox."""

from pathlib import Path

import pytest

from bot.core.actions import OutcomeKind, UpdateBranch
from bot.core.facts import CheckState, Mergeable
from bot.core.model import Branch, Key, Sha
from bot.errors import ReadFailed
from bot.github import queries
from tests.github.story import ALREADY, DONE, MOVED, REFUSED, W1, Story
from tests.github.workshop import Workshop


@pytest.fixture
def shop(story: Story, tmp_path: Path) -> Workshop:
    return Workshop(story, tmp_path)


async def test_the_tree_of_the_base_is_read_with_it(shop: Workshop) -> None:
    base = (await shop.story.read()).base
    assert (base.sha, base.tree) == (await shop.tip(), await shop.tree(await shop.tip()))


# ---- commits ----


async def test_a_commit_is_read_with_its_checks_and_without_ours(shop: Workshop) -> None:
    parent = await shop.tip()
    sha = await shop.grow({"a.txt": "a\n"})
    for conclusion in ("failure", "success"):
        body = {"name": "tests", "head_sha": sha, "status": "completed", "conclusion": conclusion}
        await shop.story.call("POST", "/repos/octo/demo/check-runs", body, by="ci")
    unknown = Sha("1" * 40)
    tree = await shop.tree(sha)
    found = await shop.story.client.commits(shop.story.repository, [sha, unknown, tree, parent])
    assert list(found) == [sha, parent]
    assert (found[sha].tree, found[sha].parents) == (tree, (parent,))
    assert [(check.name, check.state) for check in found[sha].checks] == [("tests", CheckState.PASSED)]
    assert found[parent].checks == ()
    assert (await shop.story.read(commits=(sha, unknown, parent))).commits == found


# ---- the course of the base ----


async def course(shop: Workshop, since: Sha, tip: Sha | None = None) -> list[tuple[str, tuple[int, ...]]] | None:
    tip = tip or await shop.tip()
    steps = await shop.story.client.course(shop.story.repository, tip, since)
    if steps is None:
        return None
    before = since
    for step in steps:
        assert (step.before, step.tree_before, step.tree) == (
            before,
            await shop.tree(before),
            await shop.tree(step.sha),
        )
        before = step.sha
    assert before == tip
    return [(step.headline, tuple(step.pulls)) for step in steps]


async def test_every_way_to_land_is_a_step_that_names_its_pull(shop: Workshop) -> None:
    start = await shop.tip()
    assert await course(shop, start) == []
    number = int(shop.story.issue)
    for method in ("merge", "squash", "rebase"):
        await shop.put(method, await shop.tip())
        await shop.grow({f"{method}.1": "1\n"}, method, f"{method} one")
        await shop.grow({f"{method}.2": "2\n"}, method, f"{method} two")
        await shop.grow({f"meanwhile {method}": "m\n"}, message=f"direct before {method}")
        await shop.merged(method, method)
    assert await course(shop, start) == [
        ("direct before merge", ()),
        (f"Merge pull request #{number + 1} from octo/merge", (number + 1,)),
        ("direct before squash", ()),
        (f"squash (#{number + 2})", (number + 2,)),
        ("direct before rebase", ()),
        ("rebase one", (number + 3,)),
        ("rebase two", (number + 3,)),
    ]


async def test_a_pull_that_is_open_or_closed_brought_nothing(shop: Workshop) -> None:
    start = await shop.tip()
    await shop.put("w1", await shop.commit({"a": "a\n"}, start, message="of an open pull"))
    await shop.call("POST", "/pulls", {"title": "w1", "head": "w1", "base": "main"})
    await shop.put("w2", await shop.tip("w1"))
    assert await course(shop, start, await shop.tip("w2")) == [("of an open pull", ())]


async def test_a_long_branch_is_passed_over(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commits are younger than the base's and fill whole pages."""
    monkeypatch.setattr(queries, "HISTORY", queries.HISTORY.replace("first: 100", "first: 3"))
    start = await shop.tip()
    side = start
    for number in range(8):
        side = await shop.commit({f"side {number}": "s\n"}, side, message=f"side {number}")
    one = await shop.grow({"one": "1\n"}, message="one")
    await shop.put("main", await shop.commit({f"side {number}": "s\n" for number in range(8)}, one, side, message="M"))
    await shop.grow({"two": "2\n"}, message="two")
    assert await course(shop, start) == [("one", ()), ("M", ()), ("two", ())]
    assert await course(shop, one) == [("M", ()), ("two", ())]
    assert await course(shop, side) is None


async def test_a_rewritten_base_has_no_course(shop: Workshop) -> None:
    start = await shop.tip()
    old = await shop.grow({"a": "a\n"})
    await shop.put("main", await shop.commit({"b": "b\n"}, start))
    assert await course(shop, old) is None
    assert await course(shop, Sha("1" * 40)) is None
    with pytest.raises(ReadFailed):
        await shop.story.client.course(shop.story.repository, Sha("1" * 40), old)


# ---- a pull and its base ----


async def test_githubs_trial_merge_is_that_of_head_and_base(shop: Workshop) -> None:
    await shop.story.opened(W1)
    await shop.grow({"a.txt": "a\n"}, W1)
    base = await shop.grow({"b.txt": "b\n"})
    pull = await shop.story.pull()
    merged = await shop.commit({"a.txt": "a\n"}, base)
    assert (pull.trial_tree, pull.trial_parents) == (await shop.tree(merged), (base, pull.head_sha))
    await shop.grow({"a.txt": "other\n"})
    pull = await shop.story.pull()
    assert (pull.mergeable, pull.trial_tree, pull.trial_parents) == (Mergeable.NO, None, ())


@pytest.mark.parametrize("rebase", [False, True], ids=["merge", "rebase"])
async def test_a_branch_is_brought_up_to_its_base(shop: Workshop, *, rebase: bool) -> None:
    await shop.story.opened(W1)
    head = await shop.grow({"a.txt": "a\n"}, W1)
    pull = (await shop.story.pull()).node_id

    async def update(expected: Sha) -> OutcomeKind:
        update = UpdateBranch(key=Key("W1"), pull=pull, expected=expected, rebase=rebase)
        return (await shop.story.one(update)).kind

    assert await update(head) is ALREADY
    base = await shop.grow({"b.txt": "b\n"})
    assert await update(base) is MOVED
    assert await update(head) is DONE
    after = await shop.tip(W1)
    assert await shop.tree(after) == await shop.tree(await shop.commit({"a.txt": "a\n"}, base))
    assert await update(head) is MOVED
    assert await update(after) is ALREADY
    await shop.grow({"a.txt": "other\n"})
    refused = await shop.story.one(UpdateBranch(key=Key("W1"), pull=pull, expected=after, rebase=rebase))
    assert (refused.kind, refused.detail) == (REFUSED, "merge conflict between base and head")


async def test_open_pulls_name_their_base(shop: Workshop) -> None:
    await shop.story.opened(W1)
    _, (pull,) = await shop.story.client.open_pulls(shop.story.repository, first_page_only=True)
    assert pull.base == Branch("main")
