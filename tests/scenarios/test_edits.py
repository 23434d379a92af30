"""Edits of a running plan: shown, accepted by somebody entitled, and safe whenever they arrive."""

from collections.abc import Mapping, Sequence

from tests.scenarios.openings import opening
from tests.scenarios.play import Play, plan_of

DONE, REFUSED = {"eyes", "rocket"}, {"eyes", "confused"}
TWO: Mapping[str, Sequence[str]] = {"W1": [], "W2": []}


async def edit(play: Play, body: str, who: str = "mia") -> None:
    """Edit the plan's issue and wait until Signalbox has seen it."""
    await play.do(who, "PATCH", f"/issues/{play.issue}", {"body": body})
    await play.settled()
    play.world.clock.advance(1)  # what is accepted in the second of its edit may be unread


async def accept(play: Play, who: str = "mia") -> None:
    """Accept the edit and expect it to work."""
    reactions, replies = await play.tell(who, "/signalbox accept")
    assert reactions == DONE, replies
    play.pulls |= {pull["title"].split(":")[0]: pull["number"] for pull in await play.all_pulls()}


async def body_of(play: Play) -> str:
    """Read the plan's text."""
    return str((await play.get(f"/issues/{play.issue}"))["body"])


@opening(Play.start_plain, TWO)
async def test_an_edit_counts_only_once_it_is_accepted(play: Play) -> None:
    before = await play.branches()
    await edit(play, plan_of({**TWO, "W3": ["W1"]}))
    status = await play.status()
    assert "The issue was edited" in status
    assert "➕ added" in status
    assert "`/signalbox accept`" in status
    assert await play.branches() == before
    assert len(await play.all_pulls()) == 2
    await accept(play)
    assert sorted(await play.branches()) == sorted([*before, "part/w3"])
    assert (await play.pull("W3"))["draft"] is True
    assert await play.stage("W3") == "waiting"
    assert (await play.check("W3"))["status"] == "in_progress"
    status = await play.status()
    assert "The issue was edited" not in status
    assert "Edit accepted by `mia`" in status
    for key in ("W3", "W2", "W1"):
        await play.hand_in(key)
    await play.settled()
    order = await play.merged()
    assert sorted(order) == ["W1", "W2", "W3"]
    assert order.index("W1") < order.index("W3")
    assert "complete" in await play.status()


@opening(Play.start_plain, TWO)
async def test_what_an_edit_adds_begins_with_what_has_landed(play: Play) -> None:
    await play.hand_in("W1")
    await play.settled()
    await edit(play, (await body_of(play)) + plan_of({"W3": ["W1"]}).split("## Workstreams\n")[1])
    await accept(play)
    files = {each["path"] for each in (await play.get("/git/trees/part%2Fw3?recursive=1"))["tree"]}
    assert "work/w1.txt" in files
    assert await play.stage("W3") == "ready"


@opening(Play.start_plain, TWO)
async def test_a_removed_workstream_stays_open_until_it_is_skipped(play: Play) -> None:
    await play.hand_in("W1")
    await play.settled()
    await edit(play, plan_of({"W1": []}))
    reactions, replies = await play.tell("mia", "/signalbox accept")
    assert reactions == DONE
    assert f"#{play.pulls['W2']}" in replies[0]
    await play.hand_in("W2")
    await play.settled()
    assert (await play.pull("W2"))["state"] == "open"
    assert "part/w2" in await play.branches()
    assert await play.stage("W2") == "held"
    assert (await play.check("W2"))["conclusion"] == "action_required"
    assert await play.merged() == ["W1"]
    status = await play.status()
    assert "No longer in the plan" in status
    assert "`/signalbox skip W2`" in status
    assert "complete" not in status.split("\n")[0]
    _, (why,) = await play.tell("rita", "/signalbox why W2")
    assert "o longer in the plan" in why
    reactions, _ = await play.tell("mia", "/signalbox skip W2")
    assert reactions == DONE
    assert (await play.pull("W2"))["state"] == "open"
    assert "complete, 1 of 2 done, 1 skipped" in await play.status()


@opening(Play.start_plain, TWO)
async def test_a_removed_workstream_is_taken_back_in_by_another_edit(play: Play) -> None:
    await edit(play, plan_of({"W1": []}))
    await accept(play)
    await edit(play, plan_of(TWO))
    assert "taken back in" in await play.status()
    await accept(play)
    assert await play.stage("W2") == "ready"
    assert len(await play.all_pulls()) == 2
    await play.hand_in("W2")
    await play.settled()
    assert await play.merged() == ["W2"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_changed_needs_count_at_once(play: Play) -> None:
    await play.hand_in("W2")
    await play.settled()
    assert (await play.check("W2"))["output"]["title"].startswith("Waiting for W1")
    await edit(play, plan_of({"W1": ["W2"], "W2": []}))
    assert await play.merged() == []
    await accept(play)
    assert await play.merged() == ["W2"]
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W2", "W1"]


async def test_who_may_write_the_text_need_not_be_who_accepts_it(play: Play) -> None:
    await play.plan(plan_of(TWO), who="wim")
    await play.until(play.status_comment)
    await play.tell("mia", "/signalbox start")
    await edit(play, plan_of({**TWO, "W3": []}), who="wim")
    for who in ("wim", "rita"):
        reactions, replies = await play.tell(who, "/signalbox accept")
        assert reactions == REFUSED
        assert "needs the role maintain" in replies[0]
    assert "part/w3" not in await play.branches()
    await accept(play)
    assert "part/w3" in await play.branches()


@opening(Play.start_plain, TWO)
async def test_ticks_alone_need_no_acceptance(play: Play) -> None:
    await edit(play, (await body_of(play)).replace("- [ ]", "- [x]"))
    assert "The issue was edited" not in await play.status()
    reactions, replies = await play.tell("mia", "/signalbox accept")
    assert reactions == REFUSED
    assert "Ticks alone" in replies[0]


@opening(Play.start_plain, TWO)
async def test_accepting_twice_is_harmless(play: Play) -> None:
    await edit(play, plan_of({**TWO, "W3": []}))
    await accept(play)
    before = await play.status(), await play.branches(), len(await play.all_pulls())
    reactions, replies = await play.tell("ada", "/signalbox accept")
    assert reactions == DONE
    assert "`mia` accepted this text" in replies[0]
    assert (await play.status(), await play.branches(), len(await play.all_pulls())) == before


@opening(Play.start_plain, TWO)
async def test_an_edit_with_mistakes_is_refused_with_its_lines(play: Play) -> None:
    tip = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/part/w4", "sha": tip})
    await play.push("part/w4", "old.txt", "somebody's work\n")
    body = plan_of({"W1": ["W2"], "W2": ["W1"], "W4": []}, base="next")
    await edit(play, body)
    assert "cannot be accepted like this" in await play.status()
    reactions, replies = await play.tell("mia", "/signalbox accept")
    assert reactions == REFUSED
    assert "Not accepted: " in replies[0]
    for said in ("keeps `main`", "`part/w4` exists already"):
        assert said in replies[0]
    assert await play.stage("W1") == "ready"
    assert await play.stage("W2") == "ready"


@opening(Play.start_plain, TWO)
async def test_an_edit_made_after_the_command_was_written_is_not_accepted(play: Play) -> None:
    await edit(play, plan_of({**TWO, "W3": []}))
    await play.faults({"webhooks": {"hold": True}})
    comment = await play.say("mia", "/signalbox accept")
    play.world.clock.advance(5)
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": plan_of({**TWO, "W9": []})})
    await play.faults({})
    await play.settled()
    assert await play.reactions(comment) == REFUSED
    assert not {"part/w3", "part/w9"} & set(await play.branches())


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_an_edit_that_arrives_while_a_merge_is_under_way_changes_nothing_of_it(play: Play) -> None:
    """The turn that merges goes by the text in force; the edit counts from a later turn on, once it is accepted."""
    await play.hand_in("W2")
    await play.settled()
    await play.faults({"api": [{"match": "PUT /repos/octo/demo/pulls/*/merge", "delay_ms": 2_500}]})
    await play.hand_in("W1")
    await play.until_stage("W1", "mergeable")
    # the merge is on its way: the new text would have W1 wait, and W2 for something that nobody has begun
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": plan_of({"W1": ["W3"], "W2": ["W3"], "W3": []})})
    play.world.clock.advance(1)
    comment = await play.say("mia", "/signalbox accept")
    assert (await play.pull("W1"))["merged"] is False
    await play.settled()
    assert await play.reactions(comment) == DONE
    play.pulls |= {pull["title"].split(":")[0]: pull["number"] for pull in await play.all_pulls()}
    assert await play.merged() == ["W1"]
    assert (await play.check("W2"))["output"]["title"].startswith("Waiting for W3")
    await play.hand_in("W3")
    await play.settled()
    assert await play.merged() == ["W1", "W3", "W2"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_an_unaccepted_edit_does_not_stop_what_the_plan_in_force_does(play: Play) -> None:
    await edit(play, plan_of({"W1": ["W3"], "W2": [], "W3": []}))
    await play.hand_in("W2")
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert "part/w3" not in await play.branches()


@opening(Play.start_plain, TWO)
async def test_a_workstream_that_is_laid_keeps_its_branch_and_pull(play: Play) -> None:
    before = play.pulls["W1"]
    await edit(play, plan_of(TWO).replace("`part/w1`", "`elsewhere`").replace("Part W1", "Another title"))
    assert "stays as it is" in await play.status()
    await accept(play)
    assert "elsewhere" not in await play.branches()
    assert len(await play.all_pulls()) == 2
    await play.hand_in("W1")
    await play.settled()
    assert (await play.get(f"/pulls/{before}"))["merged"] is True


@opening(Play.start_plain, TWO)
async def test_a_new_key_on_the_branch_of_a_removed_one_is_refused(play: Play) -> None:
    await edit(play, plan_of(TWO).replace("### W2:", "### W7:"))
    reactions, replies = await play.tell("mia", "/signalbox accept")
    assert reactions == REFUSED
    assert "belongs to W2" in replies[0]
    assert await play.stage("W2") == "ready"
