"""The story of test_killed_everywhere.py in all its ways, for `make soak-deaths`: too long for every day."""

from pathlib import Path
from typing import Any

import pytest

from tests.databases import ONLY_POSTGRESQL
from tests.scenarios.points import Points
from tests.scenarios.test_killed_everywhere import difference, played

TRIES = 4  # of a story, until it comes to a point at which it is to end


@ONLY_POSTGRESQL
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
async def test_dying_wherever_and_after_whatever(tmp_path: Path, url: str, where: str, workers: int) -> None:
    """Everywhere, anew for each kind of write that the turn made before. On SQLite the workers share one process."""
    undisturbed = Points(tmp_path / "undisturbed", deadly=())
    points = Points(tmp_path / "deadly", context=True)
    stage: dict[str, Any] = {"database_url": url, "workers": workers} if where == "postgresql" else {"turns": workers}
    calm, _ = await played(undisturbed)
    found = await played(points, **stage)
    print("\n".join(points.reached()))
    end, deaths = found
    print(f"{workers} on {where}: {deaths} deaths at {len(points.reached())} points", flush=True)
    told = difference(calm, end)
    assert not told, told
    plain = {name.partition(" since ")[0] for name in points.reached()}
    # who dies that often may never come to a point: what is after a comment that is known to be written, for one
    print(f"never reached: {sorted(set(undisturbed.reached()) - plain)}")


@pytest.mark.timeout(36_000)
async def test_dying_at_one_point_alone(tmp_path: Path) -> None:
    """Each point by itself: what a later death would have mended shows."""
    undisturbed = Points(tmp_path / "undisturbed", deadly=())
    calm, _ = await played(undisturbed)
    wrong = []
    for number, name in enumerate(undisturbed.reached()):
        for again in range(TRIES):  # whether a turn with nothing to do comes to a point is a matter of time
            end, deaths = await played(Points(tmp_path / f"{number}-{again}", deadly=(name,), whole=True))
            if deaths:
                break
        told = difference(calm, end)
        print(f"{name}: {deaths} deaths{told and ', and an end of its own:'}", told, sep="\n", flush=True)
        if deaths != 1 or told:
            wrong.append(name)
    assert wrong == []
