"""Gate: the branch holds what is on the base, where the config asks for that. Must not mend a conflict."""

from bot.core.facts import Mergeable
from bot.core.gates import OWNER, Case, Gate
from bot.core.model import Update
from bot.core.text import code
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Wait for a branch that is behind; how it comes up to the base is the config's."""
    base = code(case.facts.base.name)
    if case.config.update is Update.NEVER:
        return _result(case, GateVerdict.PASS, "Not asked for")
    if not case.has_work or case.pull.mergeable is Mergeable.NO:
        return _result(case, GateVerdict.PASS, "Nothing to bring up to date" if not case.has_work else "In conflict")
    if case.behind is None:
        return _result(case, GateVerdict.WAIT, f"Not known yet how far it is behind {base}", actor="GitHub")
    if case.behind == 0:
        return _result(case, GateVerdict.PASS, f"Holds everything of {base}")
    commits = "1 commit" if case.behind == 1 else f"{case.behind} commits"
    when = " when everything else passes" if case.config.update is Update.BEFORE_MERGE else ""
    reason = f"{commits} behind {base}: Signalbox brings it up to date{when}"
    return _result(case, GateVerdict.WAIT, reason, actor="Signalbox" if not when else OWNER)


def _result(case: Case, verdict: GateVerdict, reason: str, *, actor: str = "") -> GateResult:
    return GateResult(gate=GATE.name, verdict=verdict, reason=reason, url=case.pull.url, next_actor=actor)


GATE = Gate(name="freshness", title="Up to date", position=85, check=check)
