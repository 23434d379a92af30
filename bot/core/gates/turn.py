"""Gate: it is its turn on the base. Must not look at the pull: one merge at a time, and each is verified first."""

from bot.core.gates import Case, Gate
from bot.core.text import code, cut, login, name, plain
from bot.core.verify import Finding
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Wait while the base is frozen, while a merge is verified or taken back, and while another plan has the turn."""
    return _frozen(case) or _own(case) or _others(case) or _result(GateVerdict.PASS, "The base is free")


def _frozen(case: Case) -> GateResult | None:
    base = code(case.facts.base.name)
    if (order := case.intent.frozen) is not None:
        why = f": {plain(cut(order.reason, 200))}" if order.reason.strip() else ""
        return _result(
            GateVerdict.WAIT, f"{base} is frozen by {login(order.by)}{why}", actor="whoever says `/signalbox unfreeze`"
        )
    freeze = next(iter(case.facts.train.frozen), None)
    if freeze is None:
        return None
    return _result(GateVerdict.WAIT, f"{base} is frozen: {freeze.words}", actor=f"plan #{freeze.issue}")


def _own(case: Case) -> GateResult | None:
    """What of this plan is not verified yet, the oldest first."""
    if case.returning is not None:
        pull = case.returning.pull
        number = f" in #{pull.number}" if pull is not None else ""
        reason = f"The base is being rolled back to {code(case.returning.rollback.to)}{number}"
        return _result(GateVerdict.WAIT, reason, actor="a maintainer", url=pull.url if pull is not None else None)
    if case.unproven is None:
        return None
    found = case.unproven.found
    what = f"{name(case.unproven.what)} (#{case.unproven.pull})"
    if found is None:
        return _result(GateVerdict.WAIT, f"{what} was merged, and the base does not show it yet", actor="GitHub")
    how = "is being verified" if found.finding is Finding.WAIT else "left the base unverified"
    if found.finding is Finding.RED:
        how = "broke the base"
    reason = f"{what} {how}: {found.reason}"
    return _result(GateVerdict.WAIT, reason, actor=found.next_actor, url=found.url)


def _others(case: Case) -> GateResult | None:
    train, me = case.facts.train, case.facts.issue.number
    base = code(case.facts.base.name)
    if train.holder is not None and train.holder != me:
        doing = f": {train.doing}" if train.doing else ""
        return _result(
            GateVerdict.WAIT, f"Plan #{train.holder} has its turn on {base}{doing}", actor=f"plan #{train.holder}"
        )
    return None


def _result(verdict: GateVerdict, reason: str, *, actor: str = "", url: str | None = None) -> GateResult:
    return GateResult(gate=GATE.name, verdict=verdict, reason=reason, url=url, next_actor=actor)


GATE = Gate(name="turn", title="Turn", position=90, check=check)
