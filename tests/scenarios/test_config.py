"""`.github/signalbox.yml`: takes effect when it lands on the base, and is never half-applied."""

from tests.scenarios.openings import opening
from tests.scenarios.play import Play


@opening(Play.start_plain, {"W0": [], "W1": ["W0"]})
async def test_a_change_on_the_base_takes_effect(play: Play) -> None:
    await play.hand_in("W1")
    await play.until_stage("W1", "queued")
    await play.configure("approvals: 2\n")
    await play.settled()
    assert await play.stage("W1") == "needs-qa"
    await play.configure("approvals: 1\n")
    await play.settled()
    assert await play.stage("W1") == "queued"


@opening(Play.start_plain, {"W0": [], "W1": ["W0"]})
async def test_a_change_on_another_branch_does_nothing(play: Play) -> None:
    await play.hand_in("W1")
    await play.until_stage("W1", "queued")
    await play.push("part/w0", ".github/signalbox.yml", "approvals: 9\n")
    await play.settled()
    assert await play.stage("W1") == "queued"


async def test_a_mistake_is_shown_with_its_line_and_the_last_good_config_stays(play: Play) -> None:
    await play.configure("approvals: 0\n")
    await play.start_plain({"W1": []})
    await play.configure("# ours\napprovals: many\nmerge_methd: squash\n")
    await play.settled()
    status = await play.status()
    assert "2 mistakes in `.github/signalbox.yml`" in status
    assert "| line 2 |" in status
    assert "| line 3 |" in status
    assert "merge_method" in status  # the name that was meant
    assert "last settings without a mistake stay in force" in status
    check = await play.check("W1")
    assert "line 2" in check["output"]["summary"]
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.settled()
    assert await play.merged() == ["W1"]  # with no approval, as the good one says


@opening(Play.start_plain, {"W1": []})
async def test_a_mended_config_takes_the_notice_away(play: Play) -> None:
    await play.configure("mode: sometimes\n")
    await play.settled()
    assert "1 mistake in" in await play.status()
    await play.configure("mode: manual\n")
    await play.settled()
    assert "mistake" not in await play.status()
    await play.hand_in("W1")
    await play.settled()
    assert await play.stage("W1") == "mergeable"


async def test_a_mistake_before_the_first_start_forbids_it(play: Play) -> None:
    await play.configure("approvals: [1\n")
    await play.plan()
    await play.settled()
    assert "1 mistake in" in await play.status()
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert "Line" in replies[0]
    assert await play.all_pulls() == []


async def test_another_branch_prefix_names_new_branches_and_renames_none(play: Play) -> None:
    await play.configure("branch_prefix: plan-\n")
    body = "Base: `main`\n\n### W1: First\n- Files: `w1.txt`\n\n### W2: Second\n- Files: `w2.txt`\n- Depends on: W1\n"
    await play.start(body, protect=False)
    assert await play.branches() == ["main", "plan-w1-first", "plan-w2-second"]
    await play.configure("branch_prefix: other/\n")
    await play.settled()
    assert await play.branches() == ["main", "plan-w1-first", "plan-w2-second"]
    for key in ("W1", "W2"):
        await play.hand_in(key)
    await play.settled()
    assert await play.merged() == ["W1", "W2"]


async def test_removing_the_file_brings_the_defaults_back(play: Play) -> None:
    await play.configure("mode: manual\n")
    await play.start_plain({"W1": []})
    await play.hand_in("W1")
    await play.until_stage("W1", "mergeable")
    sha = (await play.get("/contents/.github/signalbox.yml?ref=main"))["sha"]
    body = {"message": "Without", "sha": sha, "branch": "main"}
    await play.do("wim", "DELETE", "/contents/.github/signalbox.yml", body)
    await play.settled()
    assert await play.merged() == ["W1"]
