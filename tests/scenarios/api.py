"""The API of octo/demo as somebody calls it; what the stories do with it is built on this."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Api:
    """A sandbox, and a client for it."""

    info: dict[str, Any]
    world: Any
    session: aiohttp.ClientSession

    async def call(self, who: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Call the API below octo/demo (or from the root for a path that begins with //) as somebody."""
        robot = who in {"ci", "actions"}
        token = self.info[f"{who}_token"] if robot else self.info["users"][who]["token"]
        root = path.startswith("//")
        url = f"{self.info['api_url']}{path[1:]}" if root else f"{self.info['api_url']}/repos/octo/demo{path}"
        async with self.session.request(
            method, url, json=body, headers={"Authorization": f"Bearer {token}"}
        ) as response:
            answer = await response.json(content_type=None) if response.status != 204 else None
            return Answer(response.status, answer, dict(response.headers))

    async def get(self, path: str) -> Any:
        """Read as ada."""
        answer = await self.call("ada", "GET", path)
        assert answer.status == 200, (path, answer.status, answer.body)
        return answer.body

    async def do(self, who: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call and expect it to work."""
        answer = await self.call(who, method, path, body)
        assert answer.status < 300, (who, method, path, answer.status, answer.body)
        return answer.body

    async def graphql(self, who: str, query: str, variables: Mapping[str, Any]) -> Any:
        """Ask GraphQL as somebody and expect it to work."""
        async with self.session.post(
            self.info["graphql_url"],
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.info['users'][who]['token']}"},
        ) as response:
            answer = await response.json()
        assert "errors" not in answer, answer
        return answer["data"]
