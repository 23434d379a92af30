"""A sandbox with a plan issue, the client that looks at it, and what people and CI do there meanwhile."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.core.actions import (
    CreateRefs,
    EmptyCommit,
    Mutation,
    OpenPull,
    Outcome,
    OutcomeKind,
    PutCheck,
)
from bot.core.facts import PullFacts
from bot.core.model import Branch, IssueNumber, Key, NodeId, Sha
from bot.github.app_auth import AppAuth
from bot.github.client import Client
from bot.github.port import PlanQuestion, PlanReading, RepositoryRef
from bot.github.transport import Transport, TransportOptions

W1, W2 = Branch("signalbox/w1"), Branch("signalbox/w2")
DONE, ALREADY, MOVED, REFUSED, UNKNOWN = (
    OutcomeKind.DONE,
    OutcomeKind.ALREADY,
    OutcomeKind.MOVED,
    OutcomeKind.REFUSED,
    OutcomeKind.UNKNOWN,
)


@dataclass
class Story:
    """A sandbox with a plan issue, and the client that looks at it."""

    info: dict[str, Any]
    session: aiohttp.ClientSession
    client: Client
    repository: RepositoryRef
    issue: IssueNumber
    issue_id: NodeId

    async def call(self, method: str, path: str, body: object = None, *, by: str = "ada") -> Any:
        token = self.info["ci_token"] if by == "ci" else self.info["users"][by]["token"]
        headers = {"authorization": f"token {token}"}
        async with self.session.request(method, f"{self.info['api_url']}{path}", json=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.status < 400, (method, path, answer.status, text)
            return json.loads(text) if text else None

    async def knob(self, faults: object) -> None:
        await self.call("PUT", "/_sandbox/faults", faults)

    async def read(self, *branches: Branch, **changes: Any) -> PlanReading:
        values: dict[str, Any] = {"base": None, "comment": None, "compare_branches": False, **changes}
        return await self.client.read_plan(
            self.repository, PlanQuestion(issue=self.issue, branches=tuple(branches or (W1, W2)), **values)
        )

    async def do(self, *actions: Mutation) -> list[Outcome]:
        return await self.client.mutate(self.repository, actions)

    async def one(self, action: Mutation) -> Outcome:
        (outcome,) = await self.do(action)
        return outcome

    async def pull(self, branch: Branch = W1) -> PullFacts:
        return (await self.read(branch)).workstreams[branch].pulls[0]

    async def opened(self, *branches: Branch) -> PlanReading:
        """Open branches and pulls as a start does, and read them."""
        base = (await self.read()).base
        assert base.sha is not None
        refs = tuple((f"refs/heads/{branch}", base.sha) for branch in branches)
        commits = [commit_on(branch, base.sha) for branch in branches]
        pulls = [pull_of(branch) for branch in branches]
        outcomes = await self.do(CreateRefs(refs=refs), *commits, *pulls)
        assert {outcome.kind for outcome in outcomes} == {DONE}, outcomes
        return await self.read(*branches)

    async def push(self, branch: Branch, path: str, text: str) -> None:
        body = {"message": f"Work on {path}", "content": text, "branch": branch}
        await self.call("PUT", f"/repos/{self.repository.full_name}/contents/{path}", body, by="wim")


def commit_on(branch: Branch, expected: Sha) -> EmptyCommit:
    return EmptyCommit(branch=branch, expected=expected, headline=f"Open {branch}", body="[skip ci]")


def pull_of(branch: Branch, *, draft: bool = True) -> OpenPull:
    return OpenPull(
        key=Key("W1"), head=branch, base=Branch("main"), title=f"Work on {branch}", body="The brief", draft=draft
    )


def check_on(head: Sha, run: NodeId | None = None, **changes: Any) -> PutCheck:
    values: dict[str, Any] = {
        "status": "in_progress",
        "conclusion": None,
        "title": "Waiting for W1",
        "summary": "| gate | state |\n|---|---|\n| order | waits |",
        "external_id": "plan/1/aaa/bbb/ccc",
        "details_url": "https://example.org/plan",
    }
    return PutCheck(head_sha=head, run=run, **{**values, **changes})


def kinds(outcomes: list[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def client_of(info: dict[str, Any], session: aiohttp.ClientSession) -> Client:
    auth = AppAuth(info["app_id"], Path(info["private_key_file"]).read_text())
    options = TransportOptions(api_url=info["api_url"], graphql_url=info["graphql_url"], write_gap=0)
    return Client(Transport(session, auth, options), info["app_id"])
