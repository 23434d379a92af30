"""`/signalbox start`: one branch, one opening commit, one draft pull, one label and one check for each workstream."""

import pytest

from tests.draws import LONG
from tests.scenarios.play import PLAN, Play, plan_of

#: What starting a plan of so many workstreams costs at least by REST, with its token and its reads.
REST_FLOOR = {5: 36, 20: 111, 50: 261}

STAGES = (
    "cancelled", "rolled-back", "done", "verifying", "failed", "held", "needs-qa", "queued", "mergeable", "running",
    "ready", "waiting",
)  # fmt: skip

MUTATIONS = (
    "updateRefs",
    "createCommitOnBranch",
    "createPullRequest",
    "createCheckRun",
    "addComment",
)


async def assert_laid_once(play: Play) -> None:
    """Three of everything, and no more."""
    pulls = await play.all_pulls()
    assert sorted(pull["head"]["ref"] for pull in pulls) == ["feat/ledger", "feat/orders", "feat/prices"]
    assert await play.branches() == ["feat/ledger", "feat/orders", "feat/prices", "main"]
    play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in pulls}
    for key, stage in {"W1": "ready", "W2": "waiting", "W3": "waiting"}.items():
        pull = await play.pull(key)
        assert pull["draft"] is True
        assert len(await play.get(f"/pulls/{pull['number']}/commits")) == 1
        assert await play.get(f"/pulls/{pull['number']}/files") == []
        assert await play.check(key) is not None  # and not two
        assert await play.stage(key) == stage
        assert await play.comments(pull["number"]) == []
    tags = await play.get("/git/matching-refs/tags/signalbox/")
    assert [tag["ref"] for tag in tags] == [f"refs/tags/signalbox/{play.issue}/cp-0"]
    labels = [label["name"] for label in await play.get("/labels?per_page=100")]
    assert sorted(name for name in labels if name.startswith("signalbox:")) == sorted(
        f"signalbox:{stage}" for stage in STAGES
    )
    assert await play.status_comment() is not None


async def test_a_second_start_lays_nothing_again(play: Play) -> None:
    await play.start()
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}
    assert len(replies) == 1
    assert "already" in replies[0]
    await assert_laid_once(play)


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_write_without_an_answer_creates_nothing_twice(play: Play, mutation: str) -> None:
    await play.plan()
    await play.settled()
    lost = {"match": f"POST /graphql mutation:{mutation}", "times": 1, "status": 0, "after": True}
    await play.faults({"api": [lost]})
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}
    assert replies == []
    await assert_laid_once(play)


@pytest.mark.parametrize("mutation", ["updateRefs", "createPullRequest"])
async def test_a_write_that_fails_is_made_up_for(play: Play, mutation: str) -> None:
    await play.plan()
    await play.settled()
    await play.faults({"api": [{"match": f"POST /graphql mutation:{mutation}", "times": 1, "status": 502}]})
    reactions, _ = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}
    await assert_laid_once(play)


@pytest.mark.parametrize(
    "match", ["POST /app/installations/*/access_tokens", "GET /repos/*/permission", "POST /graphql"]
)
async def test_a_read_that_fails_only_delays_the_start(play: Play, match: str) -> None:
    await play.plan()
    await play.settled()
    await play.faults({"api": [{"match": match, "times": 2, "status": 502}]})
    reactions, _ = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}
    await assert_laid_once(play)


async def test_the_status_comment_is_written_once_though_its_answer_was_lost(play: Play) -> None:
    await play.faults({"api": [{"match": "POST /graphql mutation:addComment", "times": 1, "status": 0, "after": True}]})
    await play.plan()
    await play.settled()
    assert await play.status_comment() is not None
    assert len(await play.comments()) == 1


async def test_where_drafts_are_not_to_be_had_ready_hands_the_work_in(play: Play) -> None:
    await play.faults({"drafts": False})
    await play.start()
    assert sorted(play.pulls) == ["W1", "W2", "W3"]
    assert not any(pull["draft"] for pull in await play.all_pulls())
    await play.push("feat/ledger", "shop/ledger.py", "TOTAL = 0\n")
    await play.ci("W1")
    await play.tick("W1")
    await play.approve("W1")
    await play.settled()
    assert await play.merged() == []  # nobody has handed it in
    assert "/signalbox ready" in (await play.check("W1"))["output"]["title"]
    reactions, _ = await play.tell("wim", "/signalbox ready", play.pulls["W1"])
    assert reactions == {"eyes", "rocket"}
    assert await play.merged() == ["W1"]
    assert "Refused by GitHub" not in await play.status()


@pytest.mark.parametrize("size", sorted(REST_FLOOR) if LONG else [20])
async def test_a_start_takes_no_more_requests_than_rest_would(play: Play, size: int) -> None:
    needs = {f"W{number}": [f"W{number - 1}"] if number % 3 == 0 else [] for number in range(1, size + 1)}
    await play.plan(plan_of(needs))
    await play.settled()
    await play.forget_requests()
    await play.say("ada", "/signalbox start")

    async def laid() -> bool:
        pulls = await play.all_pulls()
        return len(pulls) == size and all(pull["labels"] for pull in pulls)

    await play.until(laid, 60)
    await play.settled()
    count = len(await play.requests())
    print(f"\nstart of {size} workstreams: {count} requests (by REST {REST_FLOOR[size]} at least)")
    assert len(await play.all_pulls()) == size
    assert count <= REST_FLOOR[size]


@pytest.mark.parametrize("who", ["otto", "wim"])
async def test_who_may_not_start_is_told_so(play: Play, who: str) -> None:
    await play.plan()
    await play.until(play.status_comment)
    reactions, replies = await play.tell(who, "/signalbox start")
    assert reactions == {"eyes", "confused"}
    assert len(replies) == 1
    assert "maintain" in replies[0]
    assert await play.all_pulls() == []
    assert await play.branches() == ["main"]


async def test_a_maintainer_may_start(play: Play) -> None:
    await play.plan()
    await play.until(play.status_comment)
    reactions, replies = await play.tell("mia", "/signalbox start")
    assert reactions == {"eyes", "rocket"}
    assert replies == []
    await assert_laid_once(play)


async def test_a_workstream_without_a_branch_of_its_own_gets_one_named_after_it(play: Play) -> None:
    body = plan_of({"W1": [], "W2": ["W1"]}).replace("- Branch: `part/w2`\n", "")
    await play.start(body)
    assert await play.branches() == ["main", "part/w1", "signalbox/w2-part-w2"]
    assert (await play.pull("W2"))["head"]["ref"] == "signalbox/w2-part-w2"


async def test_the_brief_says_what_is_to_be_done_and_how_to_hand_it_in(play: Play) -> None:
    await play.start()
    brief = (await play.pull("W2"))["body"]
    for words in ("shop/prices.py", "- [ ] Knows a price", "W1", "feat/prices", "/signalbox ready", f"#{play.issue}"):
        assert words in brief


async def test_a_start_written_before_the_last_edit_is_refused(play: Play) -> None:
    await play.plan()
    await play.until(play.status_comment)
    await play.faults({"webhooks": {"hold": True}})
    await play.say("ada", "/signalbox start")
    play.world.clock.advance(5)
    await play.do(
        "mia", "PATCH", f"/issues/{play.issue}", {"body": PLAN + "\n### W4: One more\n- Branch: `feat/more`\n"}
    )
    await play.faults({})
    await play.settled()
    assert await play.all_pulls() == []
    (reply,) = await play.replies()
    assert "edited after you wrote" in reply
