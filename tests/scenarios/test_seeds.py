"""Plans as people really wrote them, from the folder beside the checkout, played to their end."""

import os
from pathlib import Path

import pytest

from tests.scenarios.play import Play

PLANS = Path(os.environ.get("SIGNALBOX_PLANS", Path(__file__).resolve().parents[3] / "shared" / "plans"))


def seed(name: str) -> str:
    """Return a plan's text; skips the story where the folder is not there."""
    file = PLANS / f"{name}.md"
    if not file.exists():
        pytest.skip(f"no {name}.md: the folder of example plans is not beside the checkout (or set SIGNALBOX_PLANS)")
    return file.read_text(encoding="utf-8")


async def start_by_branch(play: Play, body: str, keys: dict[str, str]) -> None:
    """Start a plan and note its pulls under the keys of their branches."""
    await play.start(body, protect=False)
    found = {pull["head"]["ref"]: pull for pull in await play.all_pulls()}
    assert sorted(found) == sorted(keys), await play.status()
    play.pulls = {keys[branch]: pull["number"] for branch, pull in found.items()}


async def finish(play: Play, keys: str) -> list[str]:
    """Hand everything in, the last first, and return the order in which it landed."""
    for key in reversed(keys):
        await play.hand_in(key)
    await play.settled()
    assert "complete" in (await play.status()).lower()
    return await play.merged()


async def test_agents_on_a_branch_of_their_own_land_after_the_contract(play: Play) -> None:
    base = "codex/isolation-20260223"
    main = await play.tip()
    body = seed("seed_000")
    await play.do("ada", "POST", "/git/refs", {"ref": f"refs/heads/{base}", "sha": main})
    play.verified.add(base)
    await start_by_branch(play, body, {
        "agent/contract-stabilization": "A", "agent/import-pipeline": "B", "agent/dca-consistency": "C",
        "agent/auth-protection": "D", "agent/migrations-tests": "E",
    })  # fmt: skip
    assert {pull["base"]["ref"] for pull in await play.all_pulls()} == {base}
    order = await finish(play, "ABCDE")
    assert order[0] == "A"
    assert sorted(order[1:4]) == ["B", "C", "D"]
    assert order[4] == "E"
    assert await play.tip() == main


async def test_the_order_of_the_merge_script_is_kept(play: Play) -> None:
    await start_by_branch(play, seed("seed_002"), {
        "feat/job-loop": "1", "feat/status-sync": "2", "feat/failure-capture": "3", "feat/versioning": "4",
    })  # fmt: skip
    assert await finish(play, "1234") == ["1", "4", "3", "2"]
