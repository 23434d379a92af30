"""People of the demo, as GitHub sees them: a token and REST calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a token."""

    login: str
    token: str
    api_url: str
    repository: str  # "owner/name"
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the API below the repository and return its JSON; raises with GitHub's message on a refusal."""
        url = f"{self.api_url}/repos/{self.repository}{path}"
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}
        async with self.session.request(method, url, json=body, headers=headers) as response:
            answer = await response.json(content_type=None) if response.status != 204 else None
            if response.status >= 400:
                raise RuntimeError(f"{self.login}: {method} {path} -> {response.status} {answer}")
            return answer

    async def comment(self, number: int, text: str) -> None:
        """Write a comment on an issue or pull."""
        await self.call("POST", f"/issues/{number}/comments", {"body": text})

    async def approve(self, number: int) -> None:
        """Approve a pull as it is now."""
        await self.call("POST", f"/pulls/{number}/reviews", {"event": "APPROVE", "body": "Read it, ran it, good."})

    async def tick_all(self, number: int) -> None:
        """Tick every open box of a pull's task list."""
        pull = await self.call("GET", f"/pulls/{number}")
        await self.call("PATCH", f"/pulls/{number}", {"body": (pull["body"] or "").replace("- [ ] ", "- [x] ")})

    async def pulls(self, state: str = "all", keep: Callable[[Any], bool] = bool) -> list[Any]:
        """List the pulls, oldest first."""
        listed = await self.call("GET", f"/pulls?state={state}&per_page=100&direction=asc")
        return [pull for pull in listed if keep(pull)]
