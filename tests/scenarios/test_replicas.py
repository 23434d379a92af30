"""One plan by several processes on one PostgreSQL: the same end as with one, and nothing of it twice."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.databases import ONLY_POSTGRESQL
from tests.scenarios.once import nothing_doubled
from tests.scenarios.play import Play
from tests.scenarios.process import BotProcess, stage_of_replicas


def events(process: BotProcess) -> list[Any]:
    return [json.loads(line) for line in process.log.read_text().splitlines()]


async def all_is_done(play: Play) -> None:
    """One branch, one pull and one green check for each workstream, a tag for each checkpoint, and nothing else."""
    assert sorted(await play.branches()) == ["feat/ledger", "feat/orders", "feat/prices", "main"]
    titles = [pull["title"] for pull in await play.all_pulls()]
    assert len(titles) == len(set(titles)) == 3
    for key in play.pulls:
        assert (await play.check(key))["conclusion"] == "success"
        labels = [label["name"] for label in (await play.pull(key))["labels"]]
        assert labels == ["signalbox:done"]
    tags = [tag["ref"] for tag in await play.get("/git/matching-refs/tags/signalbox/")]
    assert tags == [f"refs/tags/signalbox/{play.issue}/cp-{number}" for number in range(4)]


async def merges_shown_by(play: Play, worker: BotProcess) -> int:
    """Return how many merges a process without a web side says that it did."""
    async with play.session.get(f"http://127.0.0.1:{worker.port}/metrics") as response:
        assert response.status == 200
        lines = (await response.text()).splitlines()
    return sum(
        int(float(line.split()[1])) for line in lines if line.startswith('signalbox_merges_total{by="signalbox"')
    )


@ONLY_POSTGRESQL
async def test_a_plan_lands_once_and_in_order_with_three_workers(tmp_path: Path, empty_url: str) -> None:
    """All four start at once on a database without tables."""
    async with stage_of_replicas(tmp_path, empty_url, workers=3) as (play, web, workers):
        await play.start()
        for key in ("W3", "W2", "W1"):
            await play.hand_in(key)
        await play.settled()
        assert await play.merged() == ["W1", "W2", "W3"]
        assert "complete" in (await play.status()).lower()
        await all_is_done(play)
        await nothing_doubled(play)
        assert sum([await merges_shown_by(play, worker) for worker in workers]) == 3
    turns = [Counter(each["event"] for each in events(worker))["turn.done"] for worker in workers]
    assert sum(turn > 0 for turn in turns) > 1, f"one worker did everything: {turns}"
    wrong = [each for process in (web, *workers) for each in events(process) if each["level"] == "error"]
    assert wrong == []
