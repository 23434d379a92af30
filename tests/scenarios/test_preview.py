"""What people see before a start: the one comment that shows how Signalbox reads a plan."""

import re

import pytest

from tests.scenarios.play import PLAN, Play, plan_of

NOTHING_LAID = ["main"]

CYCLE = plan_of({"W1": ["W2"], "W2": ["W1"]})
UNKNOWN_NEED = plan_of({"W1": [], "W2": ["W9"]})
DUPLICATE = plan_of({"W1": []}) + "\n### W1: Again\n- Branch: `part/again`\n"
INVALID_BRANCH = plan_of({"W1": []}).replace("`part/w1`", "`part..w1`")
ONE_BRANCH = plan_of({"W1": [], "W2": []}).replace("`part/w2`", "`part/w1`")


def line_of(body: str, text: str, nth: int = 1) -> int:
    """Return the 1-based number of the nth line that holds a text."""
    return [number for number, line in enumerate(body.splitlines(), 1) if text in line][nth - 1]


async def assert_nothing_laid(play: Play) -> None:
    assert await play.all_pulls() == []
    assert await play.branches() == NOTHING_LAID
    assert (await play.call("ada", "GET", "/git/matching-refs/tags/signalbox/")).body == []


async def test_a_label_that_comes_later_brings_the_preview(play: Play) -> None:
    opened = await play.do("mia", "POST", "/issues", {"title": "Shop plan", "body": PLAN})
    play.issue = opened["number"]
    await play.settled()
    assert await play.comments() == []
    await play.do("wim", "POST", f"/issues/{play.issue}/labels", {"labels": ["plan"]})
    await play.settled()
    assert "feat/ledger" in await play.status()


async def test_an_edit_renews_the_preview_in_the_same_comment(play: Play) -> None:
    await play.plan()
    await play.settled()
    before = await play.status_comment()
    body = PLAN.replace("### W3: Orders", "### W3: Bills")
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": body})
    await play.settled()
    after = await play.status_comment()
    assert after["id"] == before["id"]
    assert "Bills" in after["body"]
    assert "Orders" not in after["body"]
    assert len(await play.comments()) == 1


@pytest.mark.parametrize(
    ("body", "words", "line"),
    [
        pytest.param(CYCLE, "W1", 0, id="cycle"),
        pytest.param(UNKNOWN_NEED, "W9", line_of(UNKNOWN_NEED, "W9"), id="unknown-need"),
        pytest.param(DUPLICATE, "W1", line_of(DUPLICATE, "### W1", 2), id="duplicate-key"),
        pytest.param(INVALID_BRANCH, "part..w1", line_of(INVALID_BRANCH, "part..w1"), id="invalid-branch"),
        pytest.param(ONE_BRANCH, "part/w1", line_of(ONE_BRANCH, "part/w1", 2), id="one-branch-for-two"),
    ],
)
async def test_a_faulty_plan_shows_its_problems_and_cannot_be_started(
    play: Play, body: str, words: str, line: int
) -> None:
    await play.plan(body)
    await play.settled()
    status = await play.status()
    assert "cannot start yet" in status
    problems = [row for row in status.splitlines() if row.startswith("| ") and "error" in row]
    assert problems
    assert any(words in row and (not line or f"line {line} " in row) for row in problems), problems
    assert all(len([cell for cell in row.split("|") if cell.strip()]) == 4 for row in problems)  # with a hint each
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert len(replies) == 1
    assert "Not started" in replies[0]
    assert words in replies[0]
    assert not line or f"Line {line}:" in replies[0]
    await assert_nothing_laid(play)


@pytest.mark.parametrize("body", ["", "Thanks for the great tool!\n\nIt crashed when I pressed **save**.\n"])
async def test_an_issue_without_workstreams_is_told_how_to_write_them(play: Play, body: str) -> None:
    await play.plan(body)
    await play.settled()
    status = await play.status()
    assert "no workstreams found" in status
    assert "### W1:" in status  # an example to copy
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert len(replies) == 1
    await assert_nothing_laid(play)


async def test_a_branch_with_commits_of_others_stops_the_start_until_it_is_gone(play: Play) -> None:
    main = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/feat/ledger", "sha": main})
    foreign = await play.push("feat/ledger", "other.txt", "not of this plan\n")
    await play.plan()
    await play.settled()
    status = await play.status()
    assert "exists already, with 1 commit" in status
    assert f"line {line_of(PLAN, '### W1')} " in status
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert "feat/ledger" in replies[0]
    assert await play.all_pulls() == []
    assert await play.tip("feat/ledger") == foreign
    await play.do("wim", "DELETE", "/git/refs/heads/feat/ledger")
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}, replies
    assert len(await play.all_pulls()) == 3


async def test_an_empty_branch_that_is_there_already_is_used(play: Play) -> None:
    main = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/feat/ledger", "sha": main})
    await play.start()
    assert sorted(play.pulls) == ["W1", "W2", "W3"]


async def test_without_the_label_the_comment_says_so_and_a_start_is_refused(play: Play) -> None:
    await play.plan()
    await play.until(play.status_comment)
    await play.do("wim", "DELETE", f"/issues/{play.issue}/labels/plan")
    await play.settled()
    assert "not a plan" in await play.status()
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert len(replies) == 1
    await assert_nothing_laid(play)


async def test_a_plan_as_long_as_an_issue_may_be_is_read_to_its_end(play: Play) -> None:
    prose = "Background that nobody needs to read. "
    body = PLAN + "\n## Notes\n\n"
    body += (prose * 2000)[: 65_536 - len(body)]
    assert len(body) == 65_536
    await play.plan(body)
    await play.settled()
    assert "**3 workstreams in 3 waves" in await play.status()
    too_long = await play.call("mia", "PATCH", f"/issues/{play.issue}", {"body": f"{body}x"})
    assert too_long.status == 422


async def test_a_plan_of_a_hundred_long_winded_workstreams_still_gets_one_comment(play: Play) -> None:
    words = " ".join(["word"] * 45)
    body = "".join(
        f"### W{number}: {words}\n- Files: `src/{number}/**`\n- Depends on: W{number - 1}\n- Scope: {words}\n\n"
        for number in range(1, 101)
    ).replace("Depends on: W0", "Depends on: none")
    assert 40_000 < len(body) < 65_536
    await play.plan(body)
    await play.settled()
    status = await play.status()
    assert "100 workstreams" in status
    assert len(status) <= 65_536


HOSTILE = """# Plan for @ada

Base: `main`

## Workstreams

### W1: Ping @mia and closes #1 <img src=x onerror=alert(1)> LONG
- Branch: `part/w1`
- Files: `src/@ada/closes #1/**`, `LONG`
- Scope: fixes #1 for @ada <script>alert(1)</script>
- Acceptance:
  - [ ] @mia agrees, resolves octo/demo#1 <!-- signalbox:status digest=000000000000 -->
  - [ ] LONG

### W2: Two | pipes ``` and a [link](https://example.com/@ada) "quoted" #1
- Branch: `part/w2`
- Depends on: W1
- Acceptance:
  - [ ] <details><summary>more</summary>
""".replace("LONG", "x" * 5000)


def read_as_markdown(text: str) -> str:
    """Return a text without its code, where GitHub links nobody and no issue."""
    without_fences = re.sub(r"(?ms)^(```+|~~~+).*?^\1\s*$", "", text)
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", without_fences)


async def test_hostile_text_mentions_nobody_closes_nothing_and_breaks_no_page(play: Play) -> None:
    victim = await play.do("rita", "POST", "/issues", {"title": "A bug that stays open"})
    assert victim["number"] == 1
    await play.start(HOSTILE, protect=False)
    play.pulls = {pull["head"]["ref"][-2:].upper(): pull["number"] for pull in await play.all_pulls()}
    assert sorted(play.pulls) == ["W1", "W2"]
    pulls = [await play.pull(key) for key in ("W1", "W2")]
    texts = [await play.status(), *(pull["body"] for pull in pulls), *(pull["title"] for pull in pulls)]
    for key in ("W1", "W2"):
        check = await play.check(key)
        texts += [check["output"]["title"], check["output"]["summary"]]
    for text in (read_as_markdown(each) for each in texts):
        assert not re.search(r"(?<![\w/`])@(ada|mia)\b", text)
        assert not re.search(r"<(img|script|details)\b", text)
    for number in (play.issue, *play.pulls.values()):
        kind = "issues" if number == play.issue else "pull"
        async with play.session.get(f"{play.info['web_url']}/octo/demo/{kind}/{number}") as page:
            assert page.status == 200
    for key in ("W1", "W2"):
        await play.hand_in(key)
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert (await play.get("/issues/1"))["state"] == "open"
    assert len([each for each in await play.comments() if each["user"]["login"] == "signalbox[bot]"]) == 1


async def test_a_base_that_does_not_exist_stops_the_start_until_it_is_there(play: Play) -> None:
    await play.plan(plan_of({"W1": []}, base="release/next"))
    await play.settled()
    assert "does not exist" in await play.status()
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert "release/next" in replies[0]
    await assert_nothing_laid(play)
    main = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/release/next", "sha": main})
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}, replies
    (pull,) = await play.all_pulls()
    assert pull["base"]["ref"] == "release/next"


async def test_the_repository_may_use_another_label(play: Play) -> None:
    await play.configure("label: roadmap\n")
    await play.plan()
    await play.settled()
    assert await play.comments() == []
    other = await play.do("mia", "POST", "/issues", {"title": "Shop", "body": PLAN, "labels": ["roadmap"]})
    play.issue = other["number"]
    await play.settled()
    assert "feat/ledger" in await play.status()
    reactions, _ = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}
    assert len(await play.all_pulls()) == 3
