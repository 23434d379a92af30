"""What the self-check reads of a repository, to the end of each list."""

from tests.github import answers
from tests.github.answers import nodes
from tests.github.fake import INSTALLATION, Stack, reply

RULES = "GET /repos/octo/demo/rules/branches/main"
GROUND = {
    "isArchived": False,
    "mergeCommitAllowed": True,
    "squashMergeAllowed": True,
    "rebaseMergeAllowed": True,
    "config": None,
    "base": {"name": "main", "target": {"history": nodes()}},
    "pullRequests": nodes(),
}


def a_rule(number: int) -> answers.Json:
    return {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": f"c{number:02}"}]}}


async def test_rules_beyond_the_first_page_are_read(stack: Stack) -> None:
    app: answers.Json = {"slug": "signalbox", "permissions": {}, "events": []}
    installed = {**app, "id": INSTALLATION, "html_url": "https://github.example/settings", "suspended_at": None}
    stack.fake.answers("GET /app", reply(app))
    stack.fake.answers("GET /repos/octo/demo/installation", reply(installed))
    stack.fake.answers("GET /app/hook/config", reply({"url": "https://signalbox.example/webhook"}))
    stack.fake.answers("GET /app/hook/deliveries", reply([]))
    stack.fake.graphql({"data": {"repository": GROUND}})
    stack.fake.answers("GET /repos/octo/demo/branches/main", reply({}))
    more = {"link": f'<{stack.fake.url}/repos/octo/demo/rules/branches/main?per_page=100&page=2>; rel="next"'}
    stack.fake.answers(
        RULES,
        reply([a_rule(number) for number in range(100)], headers=more),
        reply([a_rule(100), {"type": "merge_queue"}]),
    )
    ground = (await stack.client.examine("octo/demo", None)).ground
    assert ground is not None
    assert (len(ground.required), ground.merge_queue) == (101, True)
    assert stack.fake.of(RULES)[0].query == "per_page=100"
