"""Whether the base is good after a merge: judged by the checks on the merge commit, or on a later commit that holds it.

Part of judging. Unknown is not yes, and no report is no failure: where nothing reports, a person is asked. Must not
choose what follows from a red base (train.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from bot.core.config import Config
from bot.core.facts import CheckFacts, CheckState, CommitFacts
from bot.core.ledger import Landing
from bot.core.model import CONFIG_PATH, Order, Sha
from bot.core.reported import Wanted, counting_of, is_certain, names_of, of_state, running, wanted_by
from bot.core.reruns import Tries
from bot.core.text import code, cut, login, plain

_FILE = f"`{CONFIG_PATH}`"
_KEEPER = "whoever looks after CI"
_WITHDRAWN = frozenset({"cancelled", "stale"})  # CI gave up on this commit, often for a newer one


class Finding(Enum):
    """What is known about the base."""

    GREEN = "green"
    WAIT = "wait"  # time or CI will tell
    RED = "red"  # it is broken, or took too long
    UNCLEAR = "unclear"  # nobody will tell by themselves: a person has to


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The state of the base with one landing in."""

    finding: Finding
    reason: str  # one safe markdown sentence without a full stop
    next_actor: str = ""
    url: str | None = None
    evidence: tuple[str, ...] = ()  # of GREEN
    at: CommitFacts | None = None  # of GREEN: the commit that was found good; None = nothing was looked at
    until: datetime | None = None  # when time alone changes it, UTC
    failed: tuple[CheckFacts, ...] = ()  # of RED
    again: tuple[CheckFacts, ...] = ()  # of WAIT: failed ones that are to be run again now


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a verification may look at."""

    commits: Mapping[Sha, CommitFacts]
    tip: Sha | None
    config: Config
    allowed: Order | None  # somebody's order to take the base as good
    now: datetime
    proven: Sha | None = None  # the last tip of the base that was good; None = that before the landing


def verify(landing: Landing, look: Look) -> Verification:
    """Judge one landing: what landed is what was judged, and the base is green with it in."""
    if look.allowed is not None:
        why = f": {plain(cut(look.allowed.reason, 200))}" if look.allowed.reason.strip() else ""
        words = f"Taken as good by {login(look.allowed.by)}{why}"
        there = look.tip if landing.lost and look.tip is not None else landing.sha
        return Verification(finding=Finding.GREEN, reason=words, evidence=(words,), at=look.commits.get(there))
    if landing.lost:
        what = f"The base was rewritten and may not hold {code(landing.sha[:7])} any more"
        reason = f"{what}: look, bring it back if it does not, then `/signalbox allow` takes the base as good"
        return Verification(finding=Finding.UNCLEAR, reason=reason, next_actor="a maintainer")
    if landing.expected is not None and landing.expected != landing.tree:
        what = f"{code(landing.sha[:7])} holds something else than what was judged and the base before it give"
        reason = f"{what}; `/signalbox rollback` takes it back, `/signalbox allow` keeps it"
        return Verification(finding=Finding.UNCLEAR, reason=reason, next_actor="a maintainer")
    if landing.restores is not None and landing.restores[1] == landing.tree:
        words = f"Its tree equals that of {code(landing.restores[0])}"
        return Verification(finding=Finding.GREEN, reason=words, evidence=(words,), at=look.commits.get(landing.sha))
    found = _checked(landing, look)
    if found.finding is Finding.GREEN and landing.expected is None:
        reason = "What landed is being compared with what was judged"
        return Verification(finding=Finding.WAIT, reason=reason, next_actor="GitHub")
    return found


def _checked(landing: Landing, look: Look) -> Verification:
    """By the checks on the landing; where they do not pass, by those on the tip, which may have mended it."""
    at = look.commits.get(landing.sha)
    if look.config.verify == ():
        return _unasked(at)
    before, end = look.commits.get(look.proven or landing.before), landing.at + look.config.checks_grace
    if before is None and look.now < end:  # what was red there already is not known yet
        reason = f"GitHub does not show the commit{' before it' if at is not None else ''} yet"
        return Verification(finding=Finding.WAIT, reason=reason, next_actor="GitHub", until=end)
    tries = Tries(noted=landing.reruns, config=look.config, landed=landing.at, now=look.now)
    moment = _Moment(at=landing.at, before=before, tries=tries)
    own = _on(at, moment, look)
    if own.finding is Finding.GREEN or look.tip is None or look.tip == landing.sha:
        return own
    later = _on(look.commits.get(look.tip), replace(moment, tries=_none(look, landing.at)), look)
    if later.finding is Finding.GREEN:
        return replace(later, evidence=(f"Seen on a later commit, {code(look.tip[:7])}", *later.evidence))
    withdrawn = own.failed and all(check.conclusion in _WITHDRAWN for check in own.failed)
    return later if withdrawn else own


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """When the base moved, and what it was before: None = not known."""

    at: datetime
    before: CommitFacts | None
    tries: Tries  # to run failed checks again


def _none(look: Look, since: datetime) -> Tries:
    """Nothing is run again on a commit that is no landing's."""
    return Tries(noted=(), config=replace(look.config, retries=0), landed=since, now=look.now)


def verify_commit(commit: CommitFacts | None, look: Look, since: datetime) -> Verification:
    """Judge any commit by the rules of the base. `since`: when CI could begin with it, UTC."""
    if look.config.verify == ():
        return _unasked(commit)
    return _on(commit, _Moment(at=since, before=None, tries=_none(look, since)), look)


def _unasked(commit: CommitFacts | None) -> Verification:
    words = "No checks are asked for on the base"
    return Verification(finding=Finding.GREEN, reason=words, evidence=(words,), at=commit)


def _on(commit: CommitFacts | None, moment: _Moment, look: Look) -> Verification:
    """By the checks on one commit."""
    if commit is None:
        return Verification(finding=Finding.WAIT, reason="GitHub does not show the commit yet", next_actor="GitHub")
    before = moment.before
    counting = counting_of(commit.checks, look.config.verify)
    red_before = _red_before(counting, before)
    old = () if look.config.already_red else red_before
    failed = tuple(each for each in of_state(counting, CheckState.FAILED) if each not in old)
    if failed:
        return _failed(failed, commit, red_before, moment.tries)
    pending = of_state(counting, CheckState.PENDING)
    if pending:
        return _pending(pending, moment, look)
    missing = _missing(counting, before, look.config)
    if not commit.checks_complete and (missing or not is_certain(look.config.verify)):
        what = "The commit has more checks than could be read"
        reason = f"{what}: name those that count, with their Apps, in {_FILE} as `verify`"
        return Verification(finding=Finding.UNCLEAR, reason=reason, next_actor=_KEEPER)
    if missing:
        return _late(missing, moment, look, otherwise=_green(commit, counting, old, moment) if counting else None)
    if not counting:
        return _silence(moment, look)
    return _green(commit, counting, old, moment)


def _failed(
    failed: tuple[CheckFacts, ...], commit: CommitFacts, red_before: tuple[CheckFacts, ...], tries: Tries
) -> Verification:
    """Red, unless all that failed runs again first."""
    chance, url = tries.chance(failed, commit.checks, red_before), failed[0].url
    if chance is None:
        reason = tries.ended(failed)
        return Verification(finding=Finding.RED, reason=reason, url=url, next_actor="a maintainer", failed=failed)
    return Verification(
        finding=Finding.WAIT, reason=chance.reason, url=url, next_actor="CI", until=chance.until, again=chance.now
    )


def _green(
    commit: CommitFacts, counting: tuple[CheckFacts, ...], old: tuple[CheckFacts, ...], moment: _Moment
) -> Verification:
    passed = of_state(counting, CheckState.PASSED)
    words = f"Green on {code(commit.sha[:7])}: {names_of(each.name for each in passed)}" if passed else ""
    red = f"{names_of(each.name for each in old)} failed before the merge too and is not held against it" if old else ""
    evidence = (*moment.tries.passed(passed, commit.sha), *(each for each in (words, red) if each))
    return Verification(finding=Finding.GREEN, reason=evidence[0], evidence=evidence, at=commit)


def _red_before(counting: tuple[CheckFacts, ...], before: CommitFacts | None) -> tuple[CheckFacts, ...]:
    """The failed checks that had failed on the commit before the merge as well. One that was called off tells nothing."""
    failed = of_state(before.checks if before is not None else (), CheckState.FAILED)
    known = {(each.name, each.app_id) for each in failed if each.conclusion not in _WITHDRAWN}
    return tuple(each for each in of_state(counting, CheckState.FAILED) if (each.name, each.app_id) in known)


def _pending(pending: tuple[CheckFacts, ...], moment: _Moment, look: Look) -> Verification:
    end = moment.tries.since + look.config.verify_timeout
    again = tuple(each for each in pending if moment.tries.failures(each))
    if look.now >= end:
        reason = f"Timed out with {running(pending)}"
        return Verification(
            finding=Finding.RED, reason=reason, url=pending[0].url, next_actor="a maintainer", failed=pending
        )
    reason = moment.tries.runs_again(again) if again else running(pending)
    return Verification(finding=Finding.WAIT, reason=reason, url=pending[0].url, next_actor="CI", until=end)


def _missing(counting: tuple[CheckFacts, ...], before: CommitFacts | None, config: Config) -> tuple[Wanted, ...]:
    """What should report and has not: what the config names; else what reported on the commit before the merge."""
    if config.verify is not None:
        wanted = wanted_by(config.verify, _FILE)
    else:
        there = dict.fromkeys((each.name, each.app_id) for each in (before.checks if before else ()))
        wanted = tuple(Wanted(name=name, app=app, source="") for name, app in there)
    return tuple(each for each in wanted if not any(each.matches(found) for found in counting))


def _late(missing: tuple[Wanted, ...], moment: _Moment, look: Look, *, otherwise: Verification | None) -> Verification:
    """Waiting for CI to begin while the commit is new; afterwards by who asks for the check.

    `otherwise`: what the checks say that did report.
    """
    named = look.config.verify is not None
    grace, end = moment.at + look.config.checks_grace, moment.at + look.config.verify_timeout
    what = f"{names_of(each.name for each in missing)} has not reported on the base"
    if look.now < min(grace, end):
        return Verification(finding=Finding.WAIT, reason=f"{what} yet", next_actor="CI", until=min(grace, end))
    if not named:  # CI that runs for some paths only does not report on every commit
        return otherwise or _silence(moment, look)
    if look.now >= end:
        return Verification(finding=Finding.RED, reason=f"Timed out: {what}", next_actor="a maintainer")
    reason = f"{what}: make CI report it, or take it out of `verify` in {_FILE}"
    return Verification(finding=Finding.UNCLEAR, reason=reason, next_actor=_KEEPER, until=end)


def _silence(moment: _Moment, look: Look) -> Verification:
    what, hint = "No check has reported on the base", f"without CI on the base, write `verify: []` into {_FILE}"
    grace = moment.at + look.config.checks_grace
    if look.now < grace:
        return Verification(finding=Finding.WAIT, reason=f"{what} yet; {hint}", next_actor="CI", until=grace)
    return Verification(finding=Finding.UNCLEAR, reason=f"{what}: {hint}", next_actor=_KEEPER)
