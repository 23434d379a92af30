"""What checks report about a commit: which of them count, and how they ended, in words.

Shared by the gate on a pull's head and by the verification of the base. Must not say what follows from it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.config import CheckName
from bot.core.facts import CheckFacts, CheckState
from bot.core.text import code, cut, plain

# What GitHub's conclusions and states mean in a sentence; any other failed one "failed".
# https://docs.github.com/en/rest/checks/runs#create-a-check-run
_CONCLUSIONS = {
    "timed_out": "timed out",
    "cancelled": "was cancelled",
    "action_required": "asks for somebody to act",
    "startup_failure": "could not start",
    "stale": "never finished",
    "error": "ended with an error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A check that must be there. app None = any reporter will do. `source` says who asks for it."""

    name: str
    app: int | None
    source: str

    def matches(self, found: CheckFacts) -> bool:
        """Say whether a check is the wanted one, by name and App."""
        return found.name == self.name and self.app in {None, found.app_id}


def wanted_by(names: Iterable[CheckName], source: str) -> tuple[Wanted, ...]:
    """Return the checks that a config names."""
    return tuple(Wanted(name=each.name, app=each.app, source=source) for each in names)


def counting_of(checks: Iterable[CheckFacts], names: Iterable[CheckName] | None) -> tuple[CheckFacts, ...]:
    """Return the checks that count: every one, or where the config names some, just these."""
    if names is None:
        return tuple(checks)
    wanted = wanted_by(names, "")
    return tuple(found for found in checks if any(each.matches(found) for each in wanted))


def is_certain(names: Sequence[CheckName] | None) -> bool:
    """Say whether no check that was not read could count: all are named, each with the only App that may report it."""
    return names is not None and all(each.app is not None for each in names)


def of_state(checks: Iterable[CheckFacts], state: CheckState) -> tuple[CheckFacts, ...]:
    """Return the checks in that state, in their order."""
    return tuple(found for found in checks if found.state is state)


def ending(found: CheckFacts) -> str:
    """Return how a failed check ended: "`tests` by CI failed"."""
    end = _CONCLUSIONS.get(found.conclusion, "failed")
    return f"{code(cut(found.name, 80))} by {plain(cut(found.app_name, 40))} {end}"


def failures(failed: Iterable[CheckFacts]) -> str:
    """Return how the first of some failed checks ended, and how many more did."""
    first, *others = failed
    return ending(first) + (f", and {len(others)} more" if others else "")


def running(checks: tuple[CheckFacts, ...]) -> str:
    """Return which checks still run: "2 checks running: `a`, `b`"."""
    noun = "check" if len(checks) == 1 else "checks"
    return f"{len(checks)} {noun} running: {names_of(found.name for found in checks)}"


def names_of(names: Iterable[str]) -> str:
    """Return names of checks as one list in words, three at most."""
    every = list(dict.fromkeys(names))
    shown = ", ".join(code(cut(each, 80)) for each in every[:3])
    return shown if len(every) <= 3 else f"{shown} and {len(every) - 3} more"
