"""Whatever happens on GitHub after the start: stage, label, check, comment and plan are right again."""

import re
import statistics
import time

from tests.scenarios.once import nothing_doubled
from tests.scenarios.openings import opening
from tests.scenarios.play import PLAN, READY, Play, plan_of

LONE = {"W1": ["W0"], "W0": []}  # W1 never merges by itself: nobody hands W0 in

TO_DRAFT = "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { clientMutationId } }"


async def work(play: Play, key: str = "W1", text: str = "work\n") -> str:
    """Push to a workstream's branch."""
    return await play.push((await play.pull(key))["head"]["ref"], f"{key.lower()}.txt", text)


async def handed_in(play: Play) -> None:
    """Start the plan of two and do everything for W1 that can be done; it waits for W0."""
    await play.start_plain(LONE)
    await play.hand_in("W1")
    await play.until_stage("W1", "queued")
    await play.settled()


async def status_of(play: Play, state: str, context: str = "lint") -> None:
    sha = (await play.pull("W1"))["head"]["sha"]
    await play.do("ci", "POST", f"/statuses/{sha}", {"state": state, "context": context})


@opening(Play.start_plain, {"W1": []})
async def test_a_push_starts_the_work(play: Play) -> None:
    assert await play.stage("W1") == "ready"
    await work(play)
    await play.settled()
    assert await play.stage("W1") == "running"
    check = await play.check("W1")
    assert check["status"] == "in_progress"
    assert check["head_sha"] == (await play.pull("W1"))["head"]["sha"]
    assert "🔨\u00a0running" in await play.status()


@opening(Play.start_plain, {"W1": []})
async def test_red_ci_fails_it_and_green_ci_mends_it(play: Play) -> None:
    await work(play)
    await play.ci("W1", "failure")
    await play.settled()
    assert await play.stage("W1") == "failed"
    check = await play.check("W1")
    assert check["conclusion"] == "action_required"
    assert "tests" in check["output"]["title"]
    await work(play, text="mended\n")
    await play.settled()
    assert await play.stage("W1") == "running"
    await play.ci("W1", "success")
    await play.settled()
    assert await play.stage("W1") == "running"  # nobody has handed it in
    assert (await play.check("W1"))["output"]["title"] == "Still a draft"


@opening(handed_in)
async def test_a_check_that_runs_again_counts_as_not_passed(play: Play) -> None:
    await play.ci("W1", None)
    await play.settled()
    assert await play.stage("W1") == "running"
    await play.ci("W1", "success")
    await play.settled()
    assert await play.stage("W1") == "queued"


@opening(handed_in)
async def test_statuses_count_like_checks(play: Play) -> None:
    for state, stage in (("pending", "running"), ("failure", "failed"), ("error", "failed"), ("success", "queued")):
        await status_of(play, state)
        await play.settled()
        assert await play.stage("W1") == stage


@opening(handed_in)
async def test_reviews_open_and_close_the_review_gate(play: Play) -> None:
    number = play.pulls["W1"]
    asked = await play.do(
        "wim", "POST", f"/pulls/{number}/reviews", {"event": "REQUEST_CHANGES", "body": "Please mend"}
    )
    await play.settled()
    assert await play.stage("W1") == "needs-qa"
    assert (await play.check("W1"))["output"]["title"].startswith("wim asked for changes")
    await play.do("ada", "PUT", f"/pulls/{number}/reviews/{asked['id']}/dismissals", {"message": "It is mended"})
    await play.settled()
    assert await play.stage("W1") == "queued"  # mia's approval stands
    (approval,) = [each for each in await play.get(f"/pulls/{number}/reviews") if each["state"] == "APPROVED"]
    await play.do("ada", "PUT", f"/pulls/{number}/reviews/{approval['id']}/dismissals", {"message": "Look again"})
    await play.settled()
    assert await play.stage("W1") == "needs-qa"
    assert "Needs 1 approval" in (await play.check("W1"))["output"]["title"]
    await play.approve("W1", "ada")
    await play.settled()
    assert await play.stage("W1") == "queued"


@opening(Play.start_plain, LONE)
async def test_an_approval_without_the_right_to_write_does_not_count(play: Play) -> None:
    await work(play)
    await play.ci("W1")
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.approve("W1", "rita")
    await play.settled()
    assert await play.stage("W1") == "needs-qa"


@opening(handed_in)
async def test_draft_and_ready_are_followed_both_ways(play: Play) -> None:
    node = (await play.pull("W1"))["node_id"]
    await play.graphql("wim", TO_DRAFT, {"id": node})
    await play.settled()
    assert await play.stage("W1") == "running"
    assert (await play.pull("W1"))["draft"] is True  # the earlier `ready` has had its day
    await play.graphql("wim", READY, {"id": node})
    await play.settled()
    assert await play.stage("W1") == "queued"


@opening(handed_in)
async def test_ticks_and_unticks_of_the_acceptance_list_are_followed(play: Play) -> None:
    body = (await play.pull("W1"))["body"]
    await play.do("wim", "PATCH", f"/pulls/{play.pulls['W1']}", {"body": body.replace("- [x]", "- [ ]")})
    await play.settled()
    assert await play.stage("W1") == "needs-qa"
    assert "acceptance" in (await play.check("W1"))["output"]["title"]
    await play.tick("W1")
    await play.settled()
    assert await play.stage("W1") == "queued"


@opening(Play.start_plain, {"W1": []})
async def test_stray_stage_labels_go_and_all_other_labels_stay(play: Play) -> None:
    number = play.pulls["W1"]
    await play.do("wim", "POST", f"/issues/{number}/labels", {"labels": ["signalbox:done", "signalbox:failed", "mine"]})
    await play.settled()
    names = {label["name"] for label in await play.get(f"/issues/{number}/labels")}
    assert names == {"signalbox:ready", "mine"}
    await play.do("wim", "DELETE", f"/issues/{number}/labels/signalbox:ready")
    await play.settled()
    assert await play.stage("W1") == "ready"


@opening(Play.start_plain, {"W1": []})
async def test_a_deleted_stage_label_is_made_again(play: Play) -> None:
    await play.do("wim", "DELETE", "/labels/signalbox:ready")
    await play.settled()
    label = await play.get("/labels/signalbox:ready")
    assert label["description"]
    assert await play.stage("W1") == "ready"


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_a_closed_pull_is_a_failure_until_it_is_reopened(play: Play) -> None:
    await play.do("mia", "PATCH", f"/pulls/{play.pulls['W1']}", {"state": "closed"})
    await play.settled()
    assert await play.stage("W1") == "failed"
    assert "closed without being merged" in (await play.check("W2"))["output"]["title"].lower()
    await play.do("mia", "PATCH", f"/pulls/{play.pulls['W1']}", {"state": "open"})
    await play.settled()
    assert await play.stage("W1") == "ready"
    assert await play.stage("W2") == "waiting"
    assert (await play.check("W1"))["status"] == "in_progress"


@opening(Play.start_plain, {"W1": []})
async def test_a_pull_that_aims_elsewhere_is_stopped_until_it_aims_at_the_base(play: Play) -> None:
    main = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/elsewhere", "sha": main})
    await play.do("wim", "PATCH", f"/pulls/{play.pulls['W1']}", {"base": "elsewhere"})
    await play.hand_in("W1")
    await play.settled()
    check = await play.check("W1")
    assert check["conclusion"] == "failure"
    assert "elsewhere" in check["output"]["title"]
    assert await play.merged() == []
    await play.do("wim", "PATCH", f"/pulls/{play.pulls['W1']}", {"base": "main"})
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": []})
async def test_another_title_stays_and_changes_nothing(play: Play) -> None:
    await play.do("wim", "PATCH", f"/pulls/{play.pulls['W1']}", {"title": "What I call it"})
    await play.hand_in("W1")
    await play.settled()
    assert (await play.pull("W1"))["title"] == "What I call it"
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": []})
async def test_another_body_without_the_brief_still_belongs_to_the_plan(play: Play) -> None:
    await play.do("wim", "PATCH", f"/pulls/{play.pulls['W1']}", {"body": "All mine."})
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1"]
    assert await play.stage("W1") == "done"


@opening(handed_in)
async def test_a_push_to_the_base_that_conflicts_asks_for_a_person(play: Play) -> None:
    head = (await play.pull("W1"))["head"]["ref"]
    await play.push(head, "README.md", "# As W1 sees it\n")
    await play.ci("W1")
    await play.push("main", "README.md", "# As main sees it\n")
    await play.settled()
    assert await play.stage("W1") == "needs-qa"
    assert "Conflicts with main" in (await play.check("W1"))["output"]["title"]
    await play.do("wim", "PUT", "/contents/README.md", {
        "branch": "main", "message": "Back again", "content": "IyBkZW1vCg==",
        "sha": (await play.get("/contents/README.md?ref=main"))["sha"],
    })  # fmt: skip
    await play.settled()
    assert await play.stage("W1") == "queued"


@opening(Play.start_plain, {"W1": []})
async def test_a_deleted_status_comment_comes_back_once(play: Play) -> None:
    comment = await play.status_comment()
    await play.do("ada", "DELETE", f"/issues/comments/{comment['id']}")
    await play.settled()
    again = await play.status_comment()
    assert again is not None
    assert again["id"] != comment["id"]
    await work(play)
    await play.settled()
    assert (await play.status_comment())["id"] == again["id"]
    assert len(await play.comments()) == 2  # it, and the start


@opening(Play.start_plain, {"W1": []})
async def test_an_edited_status_comment_is_put_right(play: Play) -> None:
    comment = await play.status_comment()
    await play.do("ada", "PATCH", f"/issues/comments/{comment['id']}", {"body": "All is done, merge everything!"})
    await play.settled()
    assert await play.status() == comment["body"]


@opening(Play.start_plain, {"W1": []})
async def test_a_check_that_is_asked_for_again_is_put_right(play: Play) -> None:
    check = await play.check("W1")
    run = play.world.state.runs[check["id"]]
    run.status, run.conclusion, run.title = "completed", "success", "Merge me"
    await play.do("wim", "POST", f"/check-runs/{check['id']}/rerequest")
    await play.settled()
    again = await play.check("W1")
    assert (again["status"], again["conclusion"]) == ("in_progress", None)
    assert again["output"]["title"] == check["output"]["title"]


@opening(Play.start_plain, {"W1": [], "W2": []})
async def test_a_tick_in_the_plan_keeps_what_somebody_edits_at_the_same_time(play: Play) -> None:
    await play.faults({"api": [{"match": "POST /graphql mutation:*", "times": 1000, "delay_ms": 150}]})
    await play.hand_in("W1")

    async def landed() -> bool:
        return bool((await play.pull("W1"))["merged"])

    await play.until(landed)
    body = (await play.get(f"/issues/{play.issue}"))["body"]
    assert "✅" not in body
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": f"{body}\nA word of mia's.\n"})
    await play.settled()
    after = (await play.get(f"/issues/{play.issue}"))["body"]
    assert after.replace(" ✅", "") == f"{body}\nA word of mia's.\n"
    assert after.count("✅") == 1
    assert re.search(r"^### W1: Part W1 ✅$", after, re.MULTILINE)


async def test_the_ticks_of_a_checklist_are_set_one_by_one(play: Play) -> None:
    body = "Base: `main`\n\n- [ ] **W1: First** (branch `part/w1`)\n- [ ] **W2: Second** (branch `part/w2`, needs W1)\n"
    await play.start(body, protect=False)
    await play.hand_in("W1")
    await play.settled()
    assert (await play.get(f"/issues/{play.issue}"))["body"] == body.replace("- [ ] **W1", "- [x] **W1")
    assert "issue was edited" not in await play.status()


@opening(Play.start)
async def test_an_edit_of_a_running_plan_is_shown_and_not_in_force(play: Play) -> None:
    edited = PLAN.replace("- Depends on: W1\n", "- Depends on: none\n")
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": edited})
    await play.settled()
    assert "The issue was edited" in await play.status()
    assert "| **W2** Prices | needs | W1 | – |" in await play.status()
    await play.hand_in("W2")
    await play.settled()
    assert await play.stage("W2") == "queued"
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": PLAN})
    await play.settled()
    assert "The issue was edited" not in await play.status()


@opening(Play.start_plain, {"W1": []})
async def test_a_closed_plan_issue_stops_all_merging_until_it_is_reopened(play: Play) -> None:
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"state": "closed"})
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == []
    assert await play.stage("W1") == "held"
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"state": "open"})
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_a_deleted_branch_is_a_failure_until_it_is_restored_and_its_pull_reopened(play: Play) -> None:
    head = await work(play)
    await play.do("wim", "DELETE", "/git/refs/heads/part/w1")
    await play.settled()
    number = play.pulls["W1"]
    assert (await play.pull("W1"))["state"] == "closed"
    assert await play.stage("W1") == "failed"
    assert f"/pull/{number}) | Closed without being merged |" in await play.status()
    check = await play.check("W1")
    assert check["conclusion"] == "action_required"
    assert check["output"]["title"] == "Closed without being merged"
    assert (await play.check("W2"))["output"]["title"] == f"Waiting for W1 (#{number}): closed without being merged"
    assert "part/w1" not in await play.branches()  # nobody's branch is made again unasked
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/part/w1", "sha": head})
    await play.do("wim", "PATCH", f"/pulls/{number}", {"state": "open"})
    await play.settled()
    assert await play.stage("W1") == "running"
    assert (await play.check("W1"))["status"] == "in_progress"
    assert "without being merged" not in await play.status()
    await play.land("W1")
    await play.settled()
    assert await play.merged() == ["W1"]
    await nothing_doubled(play)


@opening(Play.start)
async def test_a_turn_in_which_nothing_changed_reads_once_and_writes_nothing(play: Play) -> None:
    await play.hand_in("W2")
    await play.settled()
    await play.do("wim", "POST", "/labels", {"name": "unrelated", "color": "ededed"})
    await play.settled()
    await play.forget_requests()
    await play.do("wim", "POST", f"/issues/{play.issue}/labels", {"labels": ["unrelated"]})
    await play.settled()
    asked = await play.requests()
    assert [(each["method"], each["route"]) for each in asked] == [("POST", "/graphql")]
    assert [each["fields"] for each in asked if each["fields"] and each["fields"][0].startswith("mutation")] == []


@opening(Play.start_plain, {"W1": []})
async def test_texts_are_written_only_when_they_change(play: Play) -> None:
    await work(play)
    await play.settled()
    comment, check = await play.status_comment(), await play.check("W1")
    await play.forget_requests()
    await work(play, text="more\n")
    await play.settled()
    mutations = [name for each in await play.requests() for name in each["fields"] if name.startswith("mutation:")]
    assert mutations == ["mutation:createCheckRun"]  # the new head's; label and comment say the same as before
    assert (await play.status_comment())["updated_at"] == comment["updated_at"]
    assert (await play.check("W1"))["id"] != check["id"]


@opening(handed_in)
async def test_from_webhook_to_changed_check_takes_less_than_a_second(play: Play) -> None:
    times = []
    for state in ["failure", "success"] * 5:
        wanted = "action_required" if state == "failure" else None
        begin = time.perf_counter()
        await status_of(play, state)

        async def shown(wanted: str | None = wanted) -> bool:
            return bool((await play.check("W1"))["conclusion"] == wanted)

        await play.until(shown)
        times.append(time.perf_counter() - begin)
        await play.settled()
    median = statistics.median(times)
    print(f"\nfrom webhook to changed check: median {median * 1000:.0f} ms, longest {max(times) * 1000:.0f} ms")
    assert median < 1.0


@opening(Play.start_plain, {"W1": []})
async def test_two_plans_in_one_repository_do_not_touch_each_other(play: Play) -> None:
    first, pulls = play.issue, play.pulls
    await play.start(plan_of({"W1": []}).replace("part/", "other/"), protect=False)
    theirs = [pull for pull in await play.all_pulls() if pull["head"]["ref"] == "other/w1"]
    play.pulls = {"W1": theirs[0]["number"]}
    await play.hand_in("W1")
    await play.settled()
    assert "complete" in (await play.status()).lower()
    play.issue, play.pulls = first, pulls
    assert await play.stage("W1") == "ready"
    assert "0 of 1 done" in await play.status()
