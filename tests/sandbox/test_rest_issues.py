"""REST of issues, comments, labels, assignees and reactions, as any client sees it."""

import pytest

from tests.sandbox.stand_in import Json, StandIn

ISSUES = "/repos/octo/demo/issues"


async def test_an_issue_is_opened_read_changed_and_closed(github: StandIn) -> None:
    made = await github.rest("POST", "/issues", {"title": "Plan", "body": "text", "labels": ["plan"]})
    assert (made["number"], made["state"], made["user"]["login"]) == (1, "open", "ada")
    assert [label["name"] for label in made["labels"]] == ["plan"]
    changed = await github.rest(
        "PATCH", "/issues/1", {"title": "New", "state": "closed", "state_reason": "not_planned"}
    )
    assert (changed["title"], changed["state"], changed["state_reason"]) == ("New", "closed", "not_planned")
    assert changed["closed_by"]["login"] == "ada"
    assert await github.rest("GET", "/issues") == []
    assert len(await github.rest("GET", "/issues?state=all&labels=plan")) == 1


async def test_labels_and_assignees_of_people_without_rights_are_dropped_silently(github: StandIn) -> None:
    body = {"title": "x", "labels": ["plan"], "assignees": ["wim"]}
    made = await github.rest("POST", "/issues", body, who="otto")
    assert made["labels"] == []
    assert made["assignees"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [({"title": "x" * 257}, "title"), ({"title": " "}, "title"), ({"title": "x", "body": "y" * 65_537}, "body")],
)
async def test_texts_have_githubs_limits(github: StandIn, body: Json, field: str) -> None:
    status, answer, _ = await github.call("POST", ISSUES, body)
    assert status == 422
    assert answer["message"] == "Validation Failed"
    assert answer["errors"][0]["field"] == field


async def test_a_missing_key_is_named(github: StandIn) -> None:
    status, answer, _ = await github.call("POST", ISSUES, {"body": "x"})
    assert (status, answer["message"]) == (422, 'Invalid request.\n\n"title" wasn\'t supplied.')


async def test_the_author_may_edit_the_own_issue_and_others_need_a_role(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"}, who="otto")
    status, _, _ = await github.call("PATCH", f"{ISSUES}/1", {"title": "mine"}, who="otto")
    assert status == 200
    status, _, _ = await github.call("PATCH", f"{ISSUES}/1", {"title": "not mine"}, who="rita")
    assert status == 403


async def test_comments_are_paged_and_filtered(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"})
    for number in range(5):
        await github.rest("POST", "/issues/1/comments", {"body": f"c{number}"}, who="rita")
    status, page, headers = await github.call("GET", f"{ISSUES}/1/comments?per_page=2&page=2")
    assert status == 200
    assert [one["body"] for one in page] == ["c2", "c3"]
    link = headers["Link"]
    assert 'page=3>; rel="next"' in link
    assert 'page=1>; rel="prev"' in link
    assert 'rel="last"' in link
    _, later, _ = await github.call("GET", f"{ISSUES}/1/comments?since=2999-01-01T00:00:00Z")
    assert later == []


async def test_a_comment_is_edited_by_its_author_and_deleted_by_a_writer(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"})
    made = await github.rest("POST", "/issues/1/comments", {"body": "a"}, who="otto")
    path = f"/issues/comments/{made['id']}"
    assert (await github.rest("PATCH", path, {"body": "b"}, who="otto"))["body"] == "b"
    status, _, _ = await github.call("PATCH", f"/repos/octo/demo{path}", {"body": "c"}, who="rita")
    assert status == 403
    await github.rest("DELETE", path, who="wim")
    status, _, _ = await github.call("GET", f"/repos/octo/demo{path}")
    assert status == 404


async def test_labels_of_the_repository_have_limits_and_are_unique_without_case(github: StandIn) -> None:
    await github.rest("POST", "/labels", {"name": "sb:held", "color": "ff0000", "description": "waits"})
    for body, code in (
        ({"name": "SB:HELD", "color": "ff0000"}, "already_exists"),
        ({"name": "x" * 51, "color": "ff0000"}, "custom"),
        ({"name": "y", "color": "red"}, "invalid"),
        ({"name": "y", "color": "ff0000", "description": "d" * 101}, "custom"),
    ):
        status, answer, _ = await github.call("POST", "/repos/octo/demo/labels", body)
        assert status == 422
        assert answer["errors"][0]["code"] == code
    changed = await github.rest("PATCH", "/labels/sb:held", {"new_name": "sb:on hold"})
    assert changed["name"] == "sb:on hold"
    await github.rest("DELETE", "/labels/sb:on%20hold")


async def test_labels_on_an_issue_are_added_taken_off_and_replaced(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"})
    await github.rest("POST", "/issues/1/labels", {"labels": ["a", "b"]}, who="app")
    await github.rest("DELETE", "/issues/1/labels/a", who="app")
    status, answer, _ = await github.call("DELETE", f"{ISSUES}/1/labels/a", who="app")
    assert (status, answer["message"]) == (404, "Label does not exist")
    left = await github.rest("PUT", "/issues/1/labels", {"labels": ["c"]}, who="app")
    assert [label["name"] for label in left] == ["c"]


async def test_a_reaction_is_new_once(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"})
    comment = await github.rest("POST", "/issues/1/comments", {"body": "/signalbox status"})
    path = f"/repos/octo/demo/issues/comments/{comment['id']}/reactions"
    first = await github.call("POST", path, {"content": "eyes"}, who="app")
    second = await github.call("POST", path, {"content": "eyes"}, who="app")
    assert (first[0], second[0]) == (201, 200)
    assert first[1]["id"] == second[1]["id"]
    assert (await github.call("POST", path, {"content": "nonsense"}, who="app"))[0] == 422
    assert (await github.call("DELETE", f"{path}/{first[1]['id']}", who="app"))[0] == 204


async def test_assignees_who_cannot_be_assigned_are_ignored(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"})
    answer = await github.rest("POST", "/issues/1/assignees", {"assignees": ["wim", "otto", "nobody"]})
    assert [user["login"] for user in answer["assignees"]] == ["wim"]
    answer = await github.rest("DELETE", "/issues/1/assignees", {"assignees": ["wim"]})
    assert answer["assignees"] == []
