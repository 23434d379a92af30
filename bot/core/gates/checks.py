"""Gate: the checks on the pull's head are green, each from the App that counts.

Unknown is not yes: a check that runs again, that is missing or that could not be read holds the pull up. Must not look
at the check that Signalbox itself reports.
"""

from bot.core.facts import CheckFacts, CheckState
from bot.core.gates import OWNER, Case, Gate
from bot.core.model import CONFIG_PATH, OWN_CHECK
from bot.core.reported import Wanted, counting_of, failures, is_certain, names_of, of_state, running, wanted_by
from bot.core.text import code, cut, plain
from bot.core.views import GateResult, GateVerdict

CONFIG_FILE = f"`{CONFIG_PATH}`"

_KEEPER = "whoever looks after CI"


def failed_checks(case: Case) -> tuple[str, ...]:
    """Return the names of the failed checks that count, each once, in GitHub's order."""
    return tuple(dict.fromkeys(found.name for found in _counting(case) if found.state is CheckState.FAILED))


def check(case: Case) -> GateResult:
    """Judge the checks: nothing asked for, no work yet, failed, running, missing, not all read, green."""
    if case.config.checks == ():
        return _result(GateVerdict.PASS, "No checks asked for")
    if not case.has_work:
        return _result(GateVerdict.WAIT, "Nothing to check before somebody pushes", actor=OWNER)
    counting = _counting(case)
    failed = of_state(counting, CheckState.FAILED)
    if failed:
        return _result(GateVerdict.NEEDS_HUMAN, failures(failed), actor=OWNER, url=failed[0].url)
    pending = of_state(counting, CheckState.PENDING)
    if pending:
        return _result(GateVerdict.WAIT, running(pending), actor="CI", url=pending[0].url)
    missing = [each for each in _wanted(case) if not any(each.matches(found) for found in counting)]
    if not case.pull.checks_complete and (missing or not is_certain(case.config.checks)):
        return _unread()
    if missing:
        return _missing(case, missing)
    if not counting:
        return _silence(case)
    return _result(GateVerdict.PASS, f"Green: {names_of(found.name for found in counting)}")


def _wanted(case: Case) -> tuple[Wanted, ...]:
    """The checks that must be there: those of the config, else those that the base's rules require."""
    if case.config.checks is not None:
        return wanted_by(case.config.checks, CONFIG_FILE)
    rules = f"the branch rules of {code(case.facts.base.name)}"
    return tuple(
        Wanted(name=each.name, app=each.app_id, source=rules)
        for each in case.facts.base.required_checks
        # waiting for our own would be waiting for ourselves
        if not (each.name == OWN_CHECK and each.app_id in {None, case.facts.app_id})
    )


def _counting(case: Case) -> tuple[CheckFacts, ...]:
    """The checks on the head that count: every one, or where the config names some, just these."""
    return counting_of(case.pull.checks, case.config.checks)


def _missing(case: Case, missing: list[Wanted]) -> GateResult:
    first = missing[0]
    others = next((found for found in case.pull.checks if found.name == first.name), None)
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    what = f"{code(cut(first.name, 80))}{more} has not reported on this head"
    if others is not None:
        what += f"; the one by {plain(cut(others.app_name, 40))} does not count, it must come from App {first.app}"
    return _late(case, what, f"make CI report it, or remove it from {first.source}")


def _silence(case: Case) -> GateResult:
    what = "No check has reported on this head"
    # a repository without CI should not have to wait out the grace time to learn what to do
    hint = f"; without CI, write `checks: []` into {CONFIG_FILE}"
    return _late(case, what, f"set up CI, or write `checks: []` into {CONFIG_FILE}", hint=hint)


def _late(case: Case, what: str, remedy: str, *, hint: str = "") -> GateResult:
    """Waiting for CI while the head is new, asking for somebody afterwards."""
    if case.facts.now - case.head_since < case.config.checks_grace:
        so_far = what if ";" in what else f"{what} yet"
        return _result(GateVerdict.WAIT, so_far + hint, actor="CI", url=case.pull.url)
    return _result(GateVerdict.NEEDS_HUMAN, f"{what}: {remedy}", actor=_KEEPER, url=case.pull.url)


def _unread() -> GateResult:
    reason = f"This head has more checks than could be read: name those that count, with their Apps, in {CONFIG_FILE}"
    return _result(GateVerdict.NEEDS_HUMAN, reason, actor=_KEEPER)


def _result(verdict: GateVerdict, reason: str, *, actor: str = "", url: str | None = None) -> GateResult:
    return GateResult(gate=GATE.name, verdict=verdict, reason=reason, url=url, next_actor=actor)


GATE = Gate(name="checks", title="Checks", position=50, check=check)
