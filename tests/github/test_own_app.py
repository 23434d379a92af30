"""What the App asks about itself: who it is, where it is installed, which deliveries failed."""

from datetime import UTC, datetime

from bot.core.actions import OutcomeKind
from bot.github.port import Installed
from tests.github import answers
from tests.github.fake import APP_ID, Stack, reply


async def test_only_deliveries_that_never_arrived_are_listed(stack: Stack) -> None:
    def delivery(number: int, guid: str, status: int | None, day: int = 2) -> answers.Json:
        return {"id": number, "guid": guid, "status_code": status, "delivered_at": f"2026-05-0{day}T10:00:00.5Z"}

    old = delivery(1, "too old", 500, day=1)
    first = [delivery(9, "mended", 202), delivery(8, "lost", 502), delivery(7, "no answer", None)]
    second = [
        delivery(6, "lost", 500),
        delivery(5, "mended", 500),
        delivery(4, "fine", 200),
        old,
        delivery(0, "x", 500),
    ]
    link = {"link": f'<{stack.fake.url}/app/hook/deliveries?cursor=2>; rel="next"'}
    stack.fake.answers("GET /app/hook/deliveries", reply(first, headers=link), reply(second))
    since = datetime(2026, 5, 2, tzinfo=UTC)
    failed = [(each.id, each.guid, each.attempts) for each in await stack.client.failed_deliveries(since)]
    assert failed == [(7, "no answer", 1), (8, "lost", 2)]


async def test_all_repositories_of_all_installations_are_listed(stack: Stack) -> None:
    installed = [{"id": 1, "suspended_at": None}, {"id": 2, "suspended_at": "2026-01-01T00:00:00Z"}, {"id": 3}]
    stack.fake.answers("GET /app/installations", reply(installed))
    stack.fake.answers("POST /app/installations/3/access_tokens", reply({"message": "Not Found"}, status=404))
    stack.fake.answers(
        "GET /installation/repositories",
        reply({"total_count": 1, "repositories": [{"id": 42, "full_name": "octo/demo"}]}),
    )
    assert await stack.client.installed_repositories() == Installed(repositories=[(1, 42, "octo/demo")])


async def test_what_one_installation_refuses_keeps_no_other_from_being_listed(stack: Stack, quick: None) -> None:
    stack.fake.answers("GET /app/installations", reply([{"id": 1}, {"id": 2}, {"id": 3}]))
    stack.fake.answers("POST /app/installations/1/access_tokens", reply({}, status=502))
    limited = reply({"message": "wait"}, status=429, headers={"retry-after": "60"})
    mine = reply({"total_count": 1, "repositories": [{"id": 42, "full_name": "octo/demo"}]})
    stack.fake.answers("GET /installation/repositories", limited, mine)
    found = await stack.client.installed_repositories()
    assert found == Installed(repositories=[(3, 42, "octo/demo")], unread=frozenset({1, 2}))


async def test_the_app_says_who_it_is(stack: Stack) -> None:
    stack.fake.answers("GET /app", reply({"id": APP_ID, "slug": "signalbox", "html_url": "https://example.org/app"}))
    assert (await stack.client.app()).slug == "signalbox"


async def test_a_delivery_is_asked_for_again_as_the_app(stack: Stack) -> None:
    route = "POST /app/hook/deliveries/9/attempts"
    stack.fake.answers(route, reply({}, status=202), reply({"message": "too old"}, status=422))
    assert (await stack.client.redeliver(9)).kind is OutcomeKind.DONE
    assert (await stack.client.redeliver(9)).kind is OutcomeKind.REFUSED
    assert stack.fake.of(route)[0].headers["authorization"].startswith("bearer ")
    assert stack.fake.minted == 0
