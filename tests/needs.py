"""What a machine may lack: its tests are skipped with the reason, and fail where everything has to be there."""

import os
from typing import NoReturn

import pytest


def in_ci() -> bool:
    """Whether this is CI, as its services say it: `CI` is set, and not to a no."""
    return os.environ.get("CI", "").strip().lower() not in {"", "0", "false", "no"}


def lacking(reason: str) -> NoReturn:
    """Skip the test for this reason; in CI fail it."""
    if in_ci():
        pytest.fail(f"not optional in CI: {reason}")
    pytest.skip(reason)
