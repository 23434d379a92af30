"""What CI lacks is a failure there, and nowhere else."""

import pytest

from tests.needs import lacking


@pytest.mark.parametrize("value", ["true", "1", "TRUE", "yes", "woodpecker"])
def test_in_ci_nothing_is_optional(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CI", value)
    with pytest.raises(pytest.fail.Exception, match="not optional in CI: no database"):
        lacking("no database")


@pytest.mark.parametrize("value", [None, "", "0", "false", "False", "no"])
def test_elsewhere_it_is_skipped_with_its_reason(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("CI", raising=False)
    if value is not None:
        monkeypatch.setenv("CI", value)
    with pytest.raises(pytest.skip.Exception, match="no database"):
        lacking("no database")
