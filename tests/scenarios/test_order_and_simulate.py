"""`order` and `simulate` on a real plan, and the buttons of the check: who may press them, and what follows."""

from typing import Any

from tests.scenarios.openings import opening
from tests.scenarios.play import Play

DONE = {"eyes", "rocket"}
CHAIN = {"W1": [], "W2": ["W1"], "W3": ["W1"], "W4": ["W2"]}
MANUAL = "mode: manual\nverify: []\n"


async def press(play: Play, who: str, key: str, button: str) -> int:
    """Press a button on a workstream's check; return what GitHub answered."""
    check: Any = await play.check(key)
    url = f"{play.info['api_url']}/_sandbox/repos/octo/demo/check-runs/{check['id']}/press"
    headers = {"Authorization": f"Bearer {play.info['users'][who]['token']}"}
    async with play.session.post(url, json={"identifier": button}, headers=headers) as answer:
        status = answer.status
    await play.settled()
    return status


@opening(Play.start_plain, CHAIN)
async def test_order_says_who_is_next_and_what_follows(play: Play) -> None:
    reactions, (reply,) = await play.tell("rita", "/signalbox order")
    assert reactions == DONE
    lines = [line for line in reply.splitlines() if line[:1].isdigit() and line[1:3] == ". "]
    assert [line.split("**")[1] for line in lines] == list(CHAIN)
    assert "unblocks W2 and W3, and through them 1 more" in lines[0]
    assert "**W1** → **W2** → **W4**: 3 merges, each verified before the next." in reply
    _, (on_a_pull,) = await play.tell("rita", "/signalbox order", play.pulls["W4"])
    assert on_a_pull.split("<!--")[0] == reply.split("<!--")[0]


@opening(Play.start_plain, CHAIN)
async def test_the_dry_run_is_what_then_happens(play: Play) -> None:
    await play.tell("wim", "/signalbox pause")
    for key in ("W1", "W2", "W3"):
        await play.hand_in(key)
    await play.settled()
    before = await play.status()
    reactions, (reply,) = await play.tell("rita", "/signalbox simulate")
    assert reactions == DONE
    assert "nothing merges now" in reply
    assert "Once that is settled: 3 merges, then 1 is left." in reply
    assert [line.split("**")[1] for line in reply.splitlines() if line[:2] in {"1.", "2.", "3."}] == ["W1", "W2", "W3"]
    assert "What stops the rest:" in reply
    assert (await play.merged(), await play.status()) == ([], before)
    await play.tell("wim", "/signalbox resume")
    assert await play.merged() == ["W1", "W2", "W3"]


async def test_before_a_start_the_dry_run_tells_of_the_plan_alone(play: Play) -> None:
    await play.plan()
    await play.until(play.status_comment)
    reactions, (reply,) = await play.tell("rita", "/signalbox simulate")
    assert reactions == DONE
    assert "which nobody has started: 3 merges in 3 waves" in reply
    assert await play.all_pulls() == []


async def test_the_merge_button_of_mode_manual_asks_for_the_right_of_the_command(play: Play) -> None:
    await play.configure(MANUAL)
    await play.start_plain({"W1": []})
    await play.hand_in("W1")
    await play.until_stage("W1", "mergeable")
    await play.settled()
    assert (await play.check("W1"))["conclusion"] == "success"
    assert await press(play, "rita", "W1", "merge") in {403, 404}  # GitHub shows no buttons to those who may not write
    before = await play.replies(play.pulls["W1"])
    assert await press(play, "wim", "W1", "merge") == 202
    (refusal,) = (await play.replies(play.pulls["W1"]))[len(before) :]
    assert "`/signalbox merge` needs the role maintain or higher in this repository; you have write." in refusal
    assert await play.merged() == []
    assert await press(play, "mia", "W1", "merge") == 202
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": []})
async def test_the_try_again_button_of_a_closed_pull_reopens_it(play: Play) -> None:
    await play.do("mia", "PATCH", f"/pulls/{play.pulls['W1']}", {"state": "closed"})
    await play.until_stage("W1", "failed")
    await play.settled()
    assert await press(play, "wim", "W1", "retry") == 202
    assert (await play.pull("W1"))["state"] == "open"
    assert await play.stage("W1") == "ready"


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_the_release_button_of_a_skipped_one_takes_it_back_in(play: Play) -> None:
    await play.tell("mia", "/signalbox skip W1")
    assert await press(play, "wim", "W1", "release") == 202
    assert await play.stage("W1") == "ready"
    assert await press(play, "wim", "W1", "release") == 404  # nothing to release: the button is gone
