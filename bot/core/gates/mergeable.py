"""Gate: GitHub could merge it, and into the right branch. Must not try to mend a conflict."""

from bot.core.facts import Mergeable
from bot.core.gates import OWNER, Case, Gate
from bot.core.text import code
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Block a pull that aims at another branch; else say what GitHub says about conflicts.

    GitHub computes this in the background; until it has, the answer is unknown, and unknown is not yes.
    https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-your-git-database#checking-mergeability-of-pull-requests
    """
    base = code(case.facts.base.name)
    if case.pull.base != case.facts.base.name:
        reason = f"Aims at {code(case.pull.base)} and not at {base}: change the base of the pull request"
        return _result(case, GateVerdict.BLOCK, reason, actor=OWNER)
    if case.pull.mergeable is Mergeable.NO:
        reason = f"Conflicts with {base}: merge {base} into {code(case.pull.head)} and push"
        return _result(case, GateVerdict.NEEDS_HUMAN, reason, actor=OWNER)
    if case.pull.mergeable is Mergeable.UNKNOWN:
        return _result(case, GateVerdict.WAIT, "GitHub is still working out whether it can merge", actor="GitHub")
    return _result(case, GateVerdict.PASS, f"No conflicts with {base}")


def _result(case: Case, verdict: GateVerdict, reason: str, *, actor: str = "") -> GateResult:
    return GateResult(gate=GATE.name, verdict=verdict, reason=reason, url=case.pull.url, next_actor=actor)


GATE = Gate(name="mergeable", title="Mergeable", position=80, check=check)
