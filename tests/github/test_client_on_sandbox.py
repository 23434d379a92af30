"""The whole client against the sandbox: what the worker may rely on, as GitHub behaves and not as we script it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.actions import (
    AddLabels,
    CheckAction,
    CreateLabel,
    CreateRefs,
    EditComment,
    PostComment,
    React,
    RemoveLabels,
)
from bot.core.facts import CheckState, PullState, RequiredCheck
from bot.core.marker import digest_of, mark
from bot.core.model import Branch, IssueNumber, Login, MergeMethod, NodeId, Role
from bot.errors import NotFound
from tests.github.story import ALREADY, DONE, MOVED, REFUSED, W1, W2, Story, check_on, commit_on, kinds, pull_of

# ---- reads ----


async def test_before_a_start_there_is_an_issue_and_a_base(story: Story) -> None:
    reading = await story.read()
    assert reading.repository.full_name == "octo/demo"
    assert reading.repository.merge_methods == set(MergeMethod)
    assert (reading.issue.title, reading.issue.body, reading.issue.open) == ("Plan", "- [ ] W1", True)
    assert reading.issue.author == "ada"
    assert reading.base.name == reading.repository.default_branch == "main"
    assert reading.base.sha is not None
    assert reading.base.required_checks == ()
    assert (reading.config_source, reading.tags, reading.comment) == (None, {}, None)
    assert all(stream.branch is None and stream.pulls == () for stream in reading.workstreams.values())


async def test_a_base_or_an_issue_that_does_not_exist(story: Story) -> None:
    assert (await story.read(base=Branch("nowhere"))).base.sha is None
    with pytest.raises(NotFound):
        await replace(story, issue=IssueNumber(999)).read()
    with pytest.raises(NotFound):
        await replace(story, repository=replace(story.repository, full_name="octo/nothing")).read()


async def test_the_config_is_that_of_the_base(story: Story) -> None:
    text = "bW9kZTogbWFudWFsCg=="
    body = {"message": "Add config", "content": text, "branch": "main"}
    await story.call("PUT", "/repos/octo/demo/contents/.github/signalbox.yml", body)
    assert (await story.read()).config_source == "mode: manual\n"
    assert (await story.read(base=Branch("main"))).config_source == "mode: manual\n"


async def test_all_labels_of_a_pull_are_seen(story: Story) -> None:
    """A pull may have 100, and ours may come after those of others."""
    number = (await story.opened(W1)).workstreams[W1].pulls[0].number
    names = {f"signalbox:x{each:02}" for each in range(40)}
    await story.call("PUT", f"/repos/octo/demo/issues/{number}/labels", {"labels": sorted(names)})
    assert set((await story.pull()).labels) == names


@pytest.mark.parametrize(
    ("login", "role"),
    [
        ("ada", Role.ADMIN),
        ("mia", Role.MAINTAIN),
        ("wim", Role.WRITE),
        ("rita", Role.READ),
        ("nobody-at-all", Role.NONE),
    ],
)
async def test_roles_are_those_that_people_have(story: Story, login: str, role: Role) -> None:
    assert await story.client.role(story.repository, Login(login)) is role


async def test_a_private_repository_knows_no_outsider(story: Story) -> None:
    await story.call("PATCH", "/repos/octo/demo", {"private": True})
    assert await story.client.role(story.repository, Login("otto")) is Role.NONE


async def test_required_checks_of_the_base_are_seen(story: Story) -> None:
    checks = {
        "strict": False,
        "checks": [{"context": "signalbox", "app_id": story.info["app_id"]}, {"context": "tests"}],
    }
    body = {
        "required_status_checks": checks,
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    await story.call("PUT", "/repos/octo/demo/branches/main/protection", body)
    assert {check.name for check in (await story.read()).base.required_checks} == {"signalbox", "tests"}


async def test_a_ruleset_says_which_app_must_report(story: Story) -> None:
    wanted = [{"context": "signalbox", "integration_id": story.info["app_id"]}]
    parameters = {"required_status_checks": wanted, "strict_required_status_checks_policy": False}
    ruleset = {
        "name": "plan",
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": parameters}],
    }
    await story.call("POST", "/repos/octo/demo/rulesets", ruleset)
    expected = (RequiredCheck(name="signalbox", app_id=story.info["app_id"]),)
    assert (await story.read()).base.required_checks == expected


async def test_everything_installed_is_listed(story: Story) -> None:
    listed = await story.client.installed_repositories()
    repository = (await story.read()).repository
    assert (story.info["installation_id"], repository.id, "octo/demo") in listed.repositories
    assert listed.unread == frozenset()
    assert (await story.client.app()).id == story.info["app_id"]


# ---- writes, each of them twice: repeating must do no harm ----


async def test_a_start_is_made_of_a_few_requests_and_seen_by_the_next_read(story: Story) -> None:
    reading = await story.opened(W1, W2)
    for branch in (W1, W2):
        stream = reading.workstreams[branch]
        assert stream.branch is not None
        assert stream.branch.message.startswith(f"Open {branch}")
        (pull,) = stream.pulls
        assert (pull.state, pull.draft, pull.base) == (PullState.OPEN, True, "main")
        assert pull.author == "signalbox[bot]"
        assert (pull.head, pull.head_sha) == (branch, stream.branch.sha)
        assert pull.head_message == stream.branch.message
        assert pull.checks_complete


async def test_doing_it_twice_creates_nothing_twice(story: Story) -> None:
    await story.opened(W1)
    base = (await story.read()).base.sha
    assert base is not None
    label = CreateLabel(name="signalbox:ready", color="00ff00", description="d")
    again = await story.do(
        CreateRefs(refs=((f"refs/heads/{W1}", base),)), commit_on(W1, base), pull_of(W1), label, label
    )
    assert again[0].kind in {ALREADY, MOVED}
    assert kinds(again)[1:] == [MOVED, ALREADY, DONE, ALREADY]
    reading = await story.read(W1)
    assert len(reading.workstreams[W1].pulls) == 1
    assert reading.repository.labels.keys() == {"signalbox:ready"}


async def test_refs_come_all_or_none(story: Story) -> None:
    base = (await story.opened(W1)).base.sha
    assert base is not None
    outcome = await story.one(CreateRefs(refs=((f"refs/heads/{W2}", base), (f"refs/heads/{W1}", base))))
    assert outcome.kind in {ALREADY, MOVED}
    assert (await story.read(W2)).workstreams[W2].branch is None


async def test_a_checkpoint_is_a_tag(story: Story) -> None:
    base = (await story.read()).base.sha
    assert base is not None
    name = f"signalbox/{story.issue}/cp-0"
    assert (await story.one(CreateRefs(refs=((f"refs/tags/{name}", base),)))).kind is DONE
    assert (await story.read()).tags == {name: base}


async def test_commits_of_a_branch_beyond_the_base_are_counted(story: Story) -> None:
    await story.opened(W1)
    await story.push(W1, "a.txt", "YQ==")
    branch = (await story.read(compare_branches=True)).workstreams[W1].branch
    assert branch is not None
    assert branch.ahead == 2


async def test_labels_are_added_and_taken_without_touching_others(story: Story) -> None:
    await story.opened(W1)
    pull = await story.pull()
    ids = [
        (await story.one(CreateLabel(name=name, color="00ff00", description=""))).result
        for name in ("signalbox:ready", "signalbox:waiting")
    ]
    ready, waiting = (NodeId(each) for each in ids if each is not None)
    await story.call("POST", f"/repos/octo/demo/issues/{pull.number}/labels", {"labels": ["theirs"]})
    for _ in range(2):
        assert (await story.one(AddLabels(subject=pull.node_id, labels=(waiting,)))).kind is DONE
    moved = await story.do(
        RemoveLabels(subject=pull.node_id, labels=(waiting,)), AddLabels(subject=pull.node_id, labels=(ready,))
    )
    assert kinds(moved) == [DONE, DONE]
    assert (await story.pull()).labels.keys() == {"theirs", "signalbox:ready"}


async def test_our_check_is_put_changed_and_recognised(story: Story) -> None:
    await story.opened(W1)
    head = (await story.pull()).head_sha
    created = await story.one(check_on(head))
    assert created.kind is DONE
    assert created.result is not None
    (own,) = (await story.pull()).own_checks
    assert (own.node_id, own.status, own.external_id) == (created.result, "in_progress", "plan/1/aaa/bbb/ccc")
    button = CheckAction(label="Retry", description="Try again", identifier="retry")
    completed = check_on(head, own.node_id, status="completed", conclusion="action_required", buttons=(button,))
    assert (await story.one(completed)).kind is DONE
    back = check_on(head, own.node_id, external_id="plan/1/aaa/bbb/ddd")
    assert (await story.one(back)).kind is DONE
    pull = await story.pull()
    (own,) = pull.own_checks
    assert (own.status, own.conclusion, own.external_id) == ("in_progress", None, "plan/1/aaa/bbb/ddd")
    assert pull.checks == ()


async def test_checks_of_others_are_seen_with_their_reporter(story: Story) -> None:
    await story.opened(W1)
    head = (await story.pull()).head_sha
    for conclusion in ("failure", "success"):
        body = {"name": "tests", "head_sha": head, "status": "completed", "conclusion": conclusion}
        await story.call("POST", "/repos/octo/demo/check-runs", body, by="ci")
    body = {"name": "signalbox", "head_sha": head, "status": "completed", "conclusion": "success"}
    await story.call("POST", "/repos/octo/demo/check-runs", body, by="ci")
    await story.call("POST", f"/repos/octo/demo/statuses/{head}", {"state": "pending", "context": "lint"}, by="wim")
    found = {(check.name, check.app_id is None): check.state for check in (await story.pull()).checks}
    assert found == {
        ("tests", False): CheckState.PASSED,
        ("signalbox", False): CheckState.PASSED,
        ("lint", True): CheckState.PENDING,
    }


async def test_a_comment_is_posted_found_edited_and_missed_when_deleted(story: Story) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    body = mark("Status", "status")
    await story.call("POST", f"/repos/octo/demo/issues/{story.issue}/comments", {"body": body}, by="wim")
    assert await story.client.find_comment(story.repository, story.issue, "status", since) is None
    comment = PostComment(journal_key="status", number=story.issue, subject=story.issue_id, body=body)
    posted = await story.one(comment)
    assert posted.result is not None
    node_id = NodeId(posted.result)
    assert await story.client.find_comment(story.repository, story.issue, "status", since) == node_id
    assert await story.client.find_comment(story.repository, story.issue, "reply:1", since) is None
    assert (await story.one(EditComment(comment=node_id, body=mark("New", "status")))).kind is DONE
    reading = await story.read(comment=node_id)
    assert reading.comment is not None
    assert reading.comment.digest == digest_of("New")
    comments = await story.call("GET", f"/repos/octo/demo/issues/{story.issue}/comments")
    ours = next(each for each in comments if each["node_id"] == node_id)
    await story.call("DELETE", f"/repos/octo/demo/issues/comments/{ours['id']}")
    assert (await story.read(comment=node_id)).comment is None
    assert (await story.one(EditComment(comment=node_id, body="gone"))).kind is MOVED


async def test_a_reaction_is_put_once(story: Story) -> None:
    comment = await story.call(
        "POST", f"/repos/octo/demo/issues/{story.issue}/comments", {"body": "/sb help"}, by="wim"
    )
    react = React(subject=NodeId(comment["node_id"]), content="EYES")
    assert kinds(await story.do(react, react)) == [DONE, DONE]
    reactions = await story.call("GET", f"/repos/octo/demo/issues/comments/{comment['id']}/reactions")
    assert [each["content"] for each in reactions] == ["eyes"]


async def test_drafts_that_are_not_to_be_had_are_refused_in_githubs_words(story: Story) -> None:
    base = (await story.read()).base.sha
    assert base is not None
    await story.do(CreateRefs(refs=((f"refs/heads/{W1}", base),)), commit_on(W1, base))
    await story.knob({"drafts": False})
    refused = await story.one(pull_of(W1))
    assert refused.kind is REFUSED
    assert "Draft pull requests are not supported" in refused.detail
    assert (await story.one(pull_of(W1, draft=False))).kind is DONE


async def test_the_issues_body_is_read_and_replaced(story: Story) -> None:
    assert await story.client.issue_body(story.repository, story.issue) == "- [ ] W1"
    assert (await story.client.edit_issue_body(story.repository, story.issue, "- [x] W1")).kind is DONE
    assert await story.client.issue_body(story.repository, story.issue) == "- [x] W1"
    missing = await story.client.edit_issue_body(story.repository, IssueNumber(999), "x")
    assert missing.kind is MOVED
