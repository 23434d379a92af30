"""`make demo`, as anybody plays it: the plan ends well, also when the database is lost on the way."""

import asyncio
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(180)
async def test_the_demo_ends_well_though_its_database_is_deleted_in_the_middle() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "demo",
        "--lose",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    assert "deleted its database" in output
    assert "W1 -> W2 -> W3 -> rollback (#7) -> W3 (try 2) -> W4 -> W5   (valid)" in output
    assert "tree equals cp-2: yes" in output
