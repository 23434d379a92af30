"""From a plan in an issue to merged work."""

from tests.scenarios.play import Play


async def test_a_labelled_issue_gets_one_preview_and_nothing_else(play: Play) -> None:
    await play.plan()
    await play.settled()
    status = await play.status()
    assert "W1" in status
    assert "/signalbox start" in status
    assert await play.all_pulls() == []
    assert [branch["name"] for branch in await play.get("/branches")] == ["main"]


async def test_start_lays_a_branch_a_draft_pull_a_label_and_a_check_for_each_workstream(play: Play) -> None:
    await play.start()
    assert sorted(play.pulls) == ["W1", "W2", "W3"]
    for key, branch in {"W1": "feat/ledger", "W2": "feat/prices", "W3": "feat/orders"}.items():
        pull = await play.pull(key)
        assert pull["draft"] is True
        assert pull["head"]["ref"] == branch
        assert pull["base"]["ref"] == "main"
        assert (await play.check(key))["status"] == "in_progress"
    assert await play.stage("W1") == "ready"
    assert await play.stage("W2") == "waiting"
    tags = await play.get("/git/matching-refs/tags/signalbox/")
    assert [tag["ref"] for tag in tags] == [f"refs/tags/signalbox/{play.issue}/cp-0"]


async def test_work_lands_in_the_order_of_the_plan(play: Play) -> None:
    await play.start()
    for key in ("W3", "W2", "W1"):
        await play.hand_in(key)
    await play.settled()
    assert await play.merged() == ["W1", "W2", "W3"]
    assert "complete" in (await play.status()).lower()
    body = (await play.get(f"/issues/{play.issue}"))["body"]
    assert body.count("✅") == 3
    assert [await play.stage(key) for key in ("W1", "W2", "W3")] == ["done"] * 3


async def test_the_check_blocks_an_early_merge_even_by_an_admin_and_opens_in_time(play: Play) -> None:
    await play.start()
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    early = await play.call("ada", "PUT", f"/pulls/{play.pulls['W2']}/merge", {})
    assert early.status == 405
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]


async def test_every_wait_names_what_it_waits_for(play: Play) -> None:
    await play.start()
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    check = await play.check("W2")
    assert check["status"] == "in_progress"
    assert f"W1 (#{play.pulls['W1']})" in check["output"]["title"]
