"""Slash commands: who may say what, how they are answered, and what is no command at all."""

from tests.scenarios.openings import opening
from tests.scenarios.play import Play

LONE = {"W0": [], "W1": ["W0"]}
DONE, REFUSED = {"eyes", "rocket"}, {"eyes", "confused"}

#: The least role that may say each command, and the one just below it among the people of the sandbox.
RIGHTS = {
    "/signalbox pause": ("wim", "rita"),
    "/signalbox resume": ("wim", "rita"),
    "/signalbox hold W1": ("wim", "rita"),
    "/signalbox release W1": ("wim", "rita"),
    "/signalbox ready W1": ("wim", "rita"),
    "/signalbox approve W1": ("wim", "rita"),
    "/signalbox skip W1": ("mia", "wim"),
    "/signalbox cancel": ("mia", "wim"),
}


async def worked_on(play: Play) -> None:
    """Start a plan of two; W1 has work that CI has passed."""
    await play.start_plain(LONE)
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.settled()


@opening(worked_on)
async def test_each_command_takes_its_right_and_no_less(play: Play) -> None:
    for text, (entitled, below) in RIGHTS.items():
        reactions, replies = await play.tell(below, text)
        assert reactions == REFUSED, text
        assert len(replies) == 1, text
        assert "needs the role" in replies[0], text
        reactions, replies = await play.tell(entitled, text)
        assert reactions == DONE, (text, replies)
    assert "cancelled" in await play.status()


@opening(Play.start_plain, LONE)
async def test_anybody_who_can_read_may_ask(play: Play) -> None:
    asking = {"otto": "status", "rita": "why W1", "wim": "why", "mia": "help", "ada": "status"}
    for who, question in asking.items():
        reactions, replies = await play.tell(who, f"/signalbox {question}")
        assert reactions == DONE, question
        assert len(replies) == 1, question


@opening(Play.start_plain, LONE)
async def test_in_a_private_repository_a_stranger_cannot_even_ask(play: Play) -> None:
    await play.do("ada", "PATCH", "", {"private": True})
    assert (
        await play.call("otto", "POST", f"/issues/{play.issue}/comments", {"body": "/signalbox help"})
    ).status == 404


@opening(Play.start_plain, LONE)
async def test_rights_count_as_they_are_when_the_command_is_read(play: Play) -> None:
    await play.do("ada", "PUT", "/collaborators/rita", {"permission": "maintain"})
    reactions, _ = await play.tell("rita", "/signalbox skip W1")
    assert reactions == DONE
    await play.do("ada", "PUT", "/collaborators/rita", {"permission": "pull"})
    reactions, _ = await play.tell("rita", "/signalbox release W1")
    assert reactions == REFUSED


@opening(Play.start_plain, LONE)
async def test_status_why_and_help_say_how_things_stand(play: Play) -> None:
    _, (status,) = await play.tell("rita", "/signalbox status")
    assert "0 of 2 done" in status
    _, (why,) = await play.tell("rita", "/sb why w1")
    assert f"#{play.pulls['W0']}" in why
    assert "W0" in why
    _, (on_the_pull,) = await play.tell("rita", "/signalbox why", play.pulls["W1"])
    assert on_the_pull.split("<!--")[0] == why.split("<!--")[0]
    _, (helping,) = await play.tell("rita", "/signalbox help")
    for verb in (
        "start", "pause", "resume", "cancel", "status", "why", "help", "hold", "release", "ready", "approve",
        "retry", "skip",
    ):  # fmt: skip
        assert f"/signalbox {verb}" in helping


@opening(Play.start_plain, {"W1": []})
async def test_pause_lets_nothing_merge_until_resume(play: Play) -> None:
    reactions, _ = await play.tell("wim", "/signalbox pause before the fair")
    assert reactions == DONE
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == []
    assert await play.stage("W1") == "held"
    status = await play.status()
    assert "Paused by" in status
    assert "before the fair" in status
    reactions, _ = await play.tell("wim", "/signalbox resume")
    assert reactions == DONE
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": [], "W2": []})
async def test_hold_keeps_one_workstream_back_until_release(play: Play) -> None:
    await play.tell("wim", "/signalbox hold wait for the lawyers", play.pulls["W1"])
    assert await play.stage("W1") == "held"
    check = await play.check("W1")
    assert check["conclusion"] == "action_required"
    assert "wait for the lawyers" in check["output"]["title"]
    for key in ("W1", "W2"):
        await play.hand_in(key)
    await play.settled()
    assert await play.merged() == ["W2"]
    await play.tell("wim", "/signalbox release", play.pulls["W1"])
    assert await play.merged() == ["W2", "W1"]


@opening(Play.start_plain, {"W1": []})
async def test_the_release_button_of_a_held_check_releases(play: Play) -> None:
    await play.tell("wim", "/signalbox hold W1")
    check = await play.check("W1")
    url = f"{play.info['api_url']}/_sandbox/repos/octo/demo/check-runs/{check['id']}/press"
    token = play.info["users"]["wim"]["token"]
    async with play.session.post(
        url, json={"identifier": "release"}, headers={"Authorization": f"Bearer {token}"}
    ) as at:
        assert at.status == 202
    await play.settled()
    assert await play.stage("W1") == "ready"
    assert await play.replies(play.pulls["W1"]) == []


@opening(Play.start_plain, {"W1": []})
async def test_the_explain_button_answers_on_the_pull(play: Play) -> None:
    await play.tell("wim", "/signalbox hold W1")
    check = await play.check("W1")
    url = f"{play.info['api_url']}/_sandbox/repos/octo/demo/check-runs/{check['id']}/press"
    token = play.info["users"]["wim"]["token"]
    async with play.session.post(url, json={"identifier": "why"}, headers={"Authorization": f"Bearer {token}"}) as at:
        assert at.status == 202
    await play.settled()
    (reply,) = await play.replies(play.pulls["W1"])
    assert "Held by" in reply or "held by" in reply


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_skip_lets_the_plan_go_on_without_a_workstream(play: Play) -> None:
    reactions, _ = await play.tell("mia", "/signalbox skip W1 not needed after all")
    assert reactions == DONE
    assert await play.stage("W1") == "cancelled"
    assert (await play.pull("W1"))["state"] == "open"
    assert (await play.check("W1"))["conclusion"] == "action_required"
    await play.hand_in("W2")
    await play.settled()
    assert await play.merged() == ["W2"]
    assert "complete, 1 of 2 done, 1 skipped" in await play.status()


@opening(Play.start_plain, {"W1": []})
async def test_retry_reopens_a_closed_pull(play: Play) -> None:
    await play.do("mia", "PATCH", f"/pulls/{play.pulls['W1']}", {"state": "closed"})
    await play.until_stage("W1", "failed")
    reactions, _ = await play.tell("wim", "/signalbox retry", play.pulls["W1"])
    assert reactions == DONE
    assert (await play.pull("W1"))["state"] == "open"
    assert await play.stage("W1") == "ready"


@opening(Play.start_plain, LONE)
async def test_retry_gives_failed_checks_a_new_head_to_run_on(play: Play) -> None:
    head = await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1", "failure")
    await play.until_stage("W1", "failed")
    reactions, _ = await play.tell("wim", "/signalbox retry W1")
    assert reactions == DONE
    pull = await play.pull("W1")
    assert pull["head"]["sha"] != head
    commits = [each["sha"] for each in await play.get(f"/pulls/{pull['number']}/commits")]
    assert commits[-2:] == [head, pull["head"]["sha"]]  # on top, and only one
    assert await play.stage("W1") == "running"
    reactions, replies = await play.tell("wim", "/signalbox retry W1")
    assert reactions == REFUSED
    assert "has not failed" in replies[0]


@opening(worked_on)
async def test_approve_counts_for_the_head_that_was_there(play: Play) -> None:
    await play.tick("W1")
    await play.tell("wim", "/signalbox ready W1")
    assert await play.stage("W1") == "needs-qa"
    play.world.clock.advance(5)  # a comment in the same second as the push would be too early
    reactions, replies = await play.tell("mia", "/signalbox approve", play.pulls["W1"])
    assert reactions == DONE, replies
    assert await play.stage("W1") == "queued"
    await play.push("part/w1", "w1.txt", "something else\n")
    await play.ci("W1")
    await play.settled()
    assert await play.stage("W1") == "needs-qa"


@opening(Play.start_plain, LONE)
async def test_ready_takes_the_pull_out_of_draft(play: Play) -> None:
    await play.push("part/w1", "w1.txt", "work\n")
    reactions, replies = await play.tell("wim", "/signalbox ready", play.pulls["W1"])
    assert (reactions, replies) == (DONE, [])
    assert (await play.pull("W1"))["draft"] is False
    _, replies = await play.tell("wim", "/signalbox ready", play.pulls["W1"])
    assert "already" in replies[0]


@opening(Play.start_plain, {"W1": []})
async def test_ready_before_the_push_counts_and_waits_for_the_work(play: Play) -> None:
    await play.tick("W1")
    await play.approve("W1")
    await play.ci("W1")
    reactions, replies = await play.tell("wim", "/signalbox ready", play.pulls["W1"])
    assert reactions == DONE
    assert "nobody has pushed" in replies[0]
    assert await play.merged() == []
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, LONE)
async def test_cancel_ends_the_plan_and_touches_nothing(play: Play) -> None:
    branches = await play.branches()
    reactions, replies = await play.tell("mia", "/signalbox cancel superseded")
    assert reactions == DONE
    assert len(replies) == 1
    assert await play.branches() == branches
    assert all(pull["state"] == "open" for pull in await play.all_pulls())
    assert [await play.stage(key) for key in LONE] == ["cancelled", "cancelled"]
    assert "superseded" in await play.status()
    await play.hand_in("W0")
    await play.settled()
    assert await play.merged() == []
    reactions, replies = await play.tell("mia", "/signalbox start")
    assert reactions == REFUSED
    assert "cancelled" in replies[0]


@opening(Play.start_plain, {"W1": []})
async def test_an_unknown_verb_gets_the_nearest_name(play: Play) -> None:
    reactions, replies = await play.tell("wim", "/signalbox relese W1")
    assert reactions == REFUSED
    assert "`/signalbox release`" in replies[0]
    reactions, replies = await play.tell("wim", "/signalbox @ada closes #1 <b>")
    assert reactions == REFUSED
    assert "@ada" not in replies[0].replace("`@ada`", "")


@opening(Play.start_plain, LONE)
async def test_an_unknown_key_gets_the_known_ones(play: Play) -> None:
    reactions, replies = await play.tell("wim", "/signalbox hold W7 why not")
    assert reactions == REFUSED
    assert "W0" in replies[0]
    assert "W1" in replies[0]


QUOTED = [
    "> /signalbox cancel",
    "```\n/signalbox cancel\n```",
    "    /signalbox cancel",
    "`/signalbox cancel`",
    "<!-- \n/signalbox cancel\n-->",
    "<details>\n\n/signalbox cancel\n\n</details>",
    "- /signalbox cancel",
    "I would not say /signalbox cancel",
    "/signalboxcancel",
]


@opening(Play.start_plain, {"W1": []})
async def test_what_is_quoted_hidden_or_mentioned_is_no_command(play: Play) -> None:
    comments = [await play.say("ada", text) for text in QUOTED]
    await play.settled()
    assert [await play.reactions(each) for each in comments] == [set() for _ in QUOTED]
    assert await play.replies() == []
    assert await play.stage("W1") == "ready"


@opening(Play.start_plain, {"W1": []})
async def test_a_command_edited_into_a_comment_is_not_obeyed(play: Play) -> None:
    comment = await play.say("ada", "Let us think about it.")
    await play.do("ada", "PATCH", f"/issues/comments/{comment}", {"body": "/signalbox cancel"})
    await play.settled()
    assert await play.reactions(comment) == set()
    assert await play.stage("W1") == "ready"


async def test_a_bot_is_not_obeyed_unless_the_config_names_it(play: Play) -> None:
    for table in (play.world.state.installations, play.world.state.tokens):
        for each in table.values():
            if each.permissions.get("checks") == "write" and "issues" not in each.permissions:
                each.permissions["issues"] = "write"  # let the App `ci` comment
    await play.start_plain({"W1": []})
    written = await play.do("ci", "POST", f"/issues/{play.issue}/comments", {"body": "/signalbox hold W1"})
    await play.settled()
    assert await play.reactions(written["id"]) == set()
    assert await play.replies() == []
    assert await play.stage("W1") == "ready"


async def test_a_command_on_an_issue_that_is_no_plan_is_refused(play: Play) -> None:
    bug = await play.do("rita", "POST", "/issues", {"title": "A bug", "body": "It crashes."})
    play.issue = bug["number"]
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == REFUSED
    assert len(replies) == 1
    assert "not a plan" in replies[0]
    assert await play.status_comment() is None


async def test_a_command_on_a_pull_outside_any_plan_is_refused(play: Play) -> None:
    main = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/own", "sha": main})
    await play.push("own", "own.txt", "own\n")
    pull = await play.do("wim", "POST", "/pulls", {"title": "My own", "head": "own", "base": "main"})
    reactions, replies = await play.tell("ada", "/signalbox hold", pull["number"])
    assert reactions == REFUSED
    assert len(replies) == 1
    assert "not part of a plan" in replies[0]


@opening(Play.start_plain, {"W1": [], "W2": []})
async def test_several_commands_in_one_comment_are_taken_in_their_order(play: Play) -> None:
    reactions, replies = await play.tell(
        "wim", "Let me see.\n\n/signalbox hold W1\n/signalbox hold W2 later\n\n/sb nonsense"
    )
    assert reactions == {"eyes", "rocket", "confused"}
    assert len(replies) == 1
    assert [await play.stage(key) for key in ("W1", "W2")] == ["held", "held"]


async def test_a_delivery_that_comes_twice_is_answered_once(play: Play) -> None:
    await play.faults({"webhooks": {"duplicate": 1.0}})
    await play.start_plain(LONE)
    reactions, replies = await play.tell("rita", "/signalbox status")
    assert reactions == DONE
    assert len(replies) == 1


async def test_before_a_start_there_is_nothing_to_command(play: Play) -> None:
    await play.plan()
    await play.until(play.status_comment)
    for text in ("/signalbox pause", "/signalbox hold W1"):
        reactions, replies = await play.tell("ada", text)
        assert reactions == REFUSED
        assert "/signalbox start" in replies[0]
    _, (why,) = await play.tell("rita", "/signalbox why")
    assert "Nobody has started" in why


@opening(Play.start_plain, {"W1": []})
async def test_a_complete_plan_has_nothing_left_to_change(play: Play) -> None:
    await play.hand_in("W1")
    await play.settled()
    reactions, replies = await play.tell("ada", "/signalbox hold W1")
    assert reactions == REFUSED
    assert len(replies) == 1
    reactions, replies = await play.tell("ada", "/signalbox status")
    assert reactions == DONE
    assert "1 of 1 done" in replies[0]
