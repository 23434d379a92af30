"""Two jobs of one name: only a later attempt of the same job makes up for a failure."""

from typing import Any

import pytest

from bot.core.facts import CheckState
from bot.github import readings


def a_run(number: int, suite: str, conclusion: str | None) -> dict[str, Any]:
    return {
        "__typename": "CheckRun", "id": f"CR_{number}", "databaseId": number, "name": "test", "url": "https://x.example",
        "status": "IN_PROGRESS" if conclusion is None else "COMPLETED", "conclusion": conclusion,
        "startedAt": "2026-11-20T19:05:00Z", "completedAt": None if conclusion is None else "2026-11-20T19:06:00Z",
        "checkSuite": {"id": suite, "app": {"databaseId": 15368, "name": "GitHub Actions", "slug": "github-actions"}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([("A", "FAILURE"), ("A", "SUCCESS")], CheckState.PASSED),
        ([("A", "SUCCESS"), ("A", None)], CheckState.PENDING),
        ([("A", "FAILURE"), ("B", "SUCCESS")], CheckState.FAILED),
        ([("A", None), ("B", "SUCCESS")], CheckState.PENDING),
        ([("A", "FAILURE"), ("B", None)], CheckState.FAILED),
        ([("A", "CANCELLED"), ("B", "SUCCESS")], CheckState.PASSED),
        ([("A", "SUCCESS"), ("B", "CANCELLED")], CheckState.FAILED),
    ],
    ids=[
        "a second attempt that passed", "a second attempt that runs", "another workflow failed", "another workflow runs",
        "one failed and one runs", "one that a newer event cancelled", "the newest was cancelled",
    ],
)  # fmt: skip
def test_namesakes(runs: list[tuple[str, str | None]], state: CheckState) -> None:
    nodes = [a_run(number, suite, conclusion) for number, (suite, conclusion) in enumerate(runs, 1)]
    for given in (nodes, nodes[::-1]):
        [check] = readings.checks(given, app_id=1001)
        assert check.state is state
