"""Whether the base is good after a merge: every finding, and what leads to it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.config import CheckName, Config
from bot.core.facts import CheckFacts, CheckState, CommitFacts
from bot.core.ledger import Landing
from bot.core.verify import Finding, Look, Verification, verify, verify_commit
from tests.build import NOW, a_check, ago, an_order, minutes, sha, tree_of
from tests.build_base import a_commit, a_landing, commits

GREEN, WAIT, RED, UNCLEAR = Finding.GREEN, Finding.WAIT, Finding.RED, Finding.UNCLEAR
PASSED, FAILED, PENDING = CheckState.PASSED, CheckState.FAILED, CheckState.PENDING
M1 = sha("m1")[:7]
JUST_NOW, LATE, OVERDUE = ago(3), ago(30), ago(90)  # late: past the grace time; past the time limit too
UNIT_ONLY = Config(verify=(CheckName(name="unit"),))
BY_APP = Config(verify=(CheckName(name="unit", app=2002),))


def failed(name: str = "unit", conclusion: str = "failure", **more: Any) -> CheckFacts:
    return a_check(name, FAILED, conclusion=conclusion, **more)


def look_at(*given: CommitFacts, tip: str = "m1", **more: Any) -> Look:
    fields = {"config": Config(), "allowed": None, "now": NOW, **more}
    return Look(commits=commits(a_commit("base", after="root"), *given), tip=sha(tip) if tip else None, **fields)


def on_merge(
    *checks: CheckFacts, before: tuple[CheckFacts, ...] = (), at: datetime = JUST_NOW, **more: Any
) -> Verification:
    """The verdict on m1 with these checks, after a base with those of `before`."""
    complete = {"checks_complete": more.pop("complete", True)}
    given = (a_commit("m1", *checks, **complete), a_commit("base", *before, after="root"))
    return verify(replace(a_landing(), at=at), look_at(*given, **more))


@pytest.mark.parametrize(
    ("found", "finding", "reason"),
    [
        pytest.param(on_merge(a_check()), GREEN, f"Green on `{M1}`: `unit`", id="green"),
        pytest.param(
            on_merge(a_check(), a_check("lint")), GREEN, f"Green on `{M1}`: `unit`, `lint`", id="all of them green"
        ),
        pytest.param(on_merge(a_check(), failed("lint")), RED, "`lint` by CI failed", id="one failed"),
        pytest.param(
            on_merge(failed(), failed("lint", "timed_out")), RED, "`unit` by CI failed, and 1 more", id="two failed"
        ),
        pytest.param(
            on_merge(failed(), a_check("lint", PENDING)), RED, "`unit` by CI failed", id="failed while another runs"
        ),
        pytest.param(on_merge(a_check(state=PENDING)), WAIT, "1 check running: `unit`", id="running"),
        pytest.param(
            on_merge(a_check(state=PENDING), at=OVERDUE), RED, "Timed out with 1 check running: `unit`", id="too long"
        ),
        pytest.param(
            on_merge(a_check(), complete=False),
            UNCLEAR,
            "The commit has more checks than could be read: name those that count, with their Apps, in "
            "`.github/signalbox.yml` as `verify`",
            id="more than were read",
        ),
        pytest.param(on_merge(failed(), complete=False), RED, "`unit` by CI failed", id="failed among those read"),
        pytest.param(
            on_merge(),
            WAIT,
            "No check has reported on the base yet; without CI on the base, write `verify: []` into "
            "`.github/signalbox.yml`",
            id="nothing yet",
        ),
        pytest.param(
            on_merge(at=LATE),
            UNCLEAR,
            "No check has reported on the base: without CI on the base, write `verify: []` into `.github/signalbox.yml`",
            id="nothing at all",
        ),
        pytest.param(on_merge(at=OVERDUE), UNCLEAR, "No check has reported on the base", id="nothing for ever"),
        pytest.param(verify(a_landing(), look_at()), WAIT, "GitHub does not show the commit yet", id="not shown"),
        pytest.param(
            on_merge(failed(), config=Config(verify=())), GREEN, "No checks are asked for on the base", id="verify none"
        ),
        pytest.param(
            verify(a_landing(), look_at(config=Config(verify=()))),
            GREEN,
            "No checks are asked for on the base",
            id="verify none needs no commit",
        ),
    ],
)
def test_what_the_checks_on_the_merge_say(found: Verification, finding: Finding, reason: str) -> None:
    assert found.finding is finding
    assert found.reason.startswith(reason)
    assert bool(found.next_actor) == (finding is not GREEN)
    assert bool(found.evidence) == (finding is GREEN)


def test_a_finding_names_when_time_alone_changes_it() -> None:
    assert on_merge().until == ago(3) + timedelta(minutes=10)
    assert on_merge(a_check(state=PENDING)).until == ago(3) + timedelta(hours=1)
    assert on_merge(at=LATE).until is None
    short = Config(verify_timeout=minutes(5), verify=(CheckName(name="e2e"),))
    assert on_merge(config=short).until == ago(3) + minutes(5)


def test_green_says_what_was_seen_and_red_what_failed() -> None:
    good, bad = on_merge(a_check()), on_merge(failed())
    assert good.at == a_commit("m1", a_check())
    assert (bad.failed, bad.url) == ((failed(),), failed().url)


# ---- which checks count ----


@pytest.mark.parametrize(
    ("found", "finding", "reason"),
    [
        pytest.param(on_merge(a_check(), failed("lint"), config=UNIT_ONLY), GREEN, "Green", id="others do not count"),
        pytest.param(on_merge(a_check(), complete=False, config=UNIT_ONLY), UNCLEAR, "The commit", id="maybe not read"),
        pytest.param(on_merge(a_check(), complete=False, config=BY_APP), GREEN, "Green", id="all read that count"),
        pytest.param(
            on_merge(a_check("lint"), complete=False, config=BY_APP), UNCLEAR, "The commit", id="what counts not read"
        ),
        pytest.param(on_merge(a_check(app_id=9), config=BY_APP), WAIT, "`unit` has not reported", id="another App's"),
        pytest.param(on_merge(failed(app_id=9), config=BY_APP), WAIT, "`unit` has not reported", id="nor its failure"),
        pytest.param(on_merge(a_check(), config=BY_APP), GREEN, "Green", id="the App's"),
        pytest.param(
            on_merge(a_check("lint"), config=UNIT_ONLY), WAIT, "`unit` has not reported on the base yet", id="new"
        ),
        pytest.param(
            on_merge(a_check("lint"), config=UNIT_ONLY, at=LATE),
            UNCLEAR,
            "`unit` has not reported on the base: make CI report it, or take it out of `verify`",
            id="late",
        ),
        pytest.param(
            on_merge(a_check("lint"), config=UNIT_ONLY, at=OVERDUE),
            RED,
            "Timed out: `unit` has not reported on the base",
            id="for ever",
        ),
    ],
)
def test_where_the_config_names_checks_just_those_count(found: Verification, finding: Finding, reason: str) -> None:
    assert (found.finding, found.reason[: len(reason)]) == (finding, reason)


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        pytest.param(on_merge(a_check(), before=(a_check(), a_check("lint"))), WAIT, id="one is to come"),
        pytest.param(on_merge(a_check(), before=(a_check(), a_check("lint")), at=LATE), GREEN, id="it did not come"),
        pytest.param(on_merge(before=(a_check(),), at=LATE), UNCLEAR, id="nothing came"),
        pytest.param(on_merge(a_check(app_id=9), before=(a_check(),)), WAIT, id="only another App's"),
        pytest.param(on_merge(failed("lint"), before=(a_check(),)), RED, id="a new one failed"),
    ],
)
def test_what_reported_before_the_merge_is_waited_for_but_not_for_ever(found: Verification, finding: Finding) -> None:
    """CI that runs for some paths only does not report on every commit."""
    assert found.finding is finding


# ---- red before the merge ----


def test_what_was_red_before_the_merge_is_named_and_not_blamed() -> None:
    found = on_merge(failed(), a_check("lint"), before=(failed(), a_check("lint")))
    assert found.finding is GREEN
    assert found.evidence == (
        f"Green on `{M1}`: `lint`",
        "`unit` failed before the merge too and is not held against it",
    )


def test_where_everything_was_red_before_it_is_still_no_fault_of_the_merge() -> None:
    found = on_merge(failed(), before=(failed(),))
    assert (found.finding, len(found.evidence)) == (GREEN, 1)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(on_merge(failed(), before=(failed(),), config=Config(already_red=True)), id="the config says so"),
        pytest.param(on_merge(failed(), before=(failed(app_id=9),)), id="another App's failed before"),
        pytest.param(on_merge(failed(), before=(failed("lint"),)), id="another check failed before"),
        pytest.param(on_merge(failed(), before=(failed(conclusion="cancelled"),)), id="it was called off before"),
        pytest.param(on_merge(failed(), before=(a_check(state=PENDING),)), id="it was running before"),
        pytest.param(on_merge(failed(), before=(a_check(),)), id="it was green before"),
    ],
)
def test_what_was_not_red_before_counts(found: Verification) -> None:
    assert found.finding is RED


# ---- later commits ----


def later(*checks: CheckFacts, own: tuple[CheckFacts, ...]) -> Verification:
    """m1 has the checks `own`; m2, the tip, has `checks`."""
    given = (a_commit("m1", *own), a_commit("m2", *checks, after="m1"), a_commit("base", a_check(), after="root"))
    return verify(a_landing(), look_at(*given, tip="m2"))


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        pytest.param(later(a_check(), own=(failed(),)), GREEN, id="mended by a later commit"),
        pytest.param(later(a_check(), own=(failed(conclusion="cancelled"),)), GREEN, id="cancelled for a later one"),
        pytest.param(later(a_check(), own=(a_check(state=PENDING),)), GREEN, id="the later one was faster"),
        pytest.param(later(a_check(), own=()), GREEN, id="only the later one is built"),
        pytest.param(later(failed(), own=(a_check(),)), GREEN, id="a later failure is not its own"),
        pytest.param(later(failed(), own=(failed(),)), RED, id="both red"),
        pytest.param(later(a_check(state=PENDING), own=(failed(),)), RED, id="a fix that is not built yet"),
        pytest.param(later(a_check(state=PENDING), own=(failed(conclusion="stale"),)), WAIT, id="given up, not yet"),
        pytest.param(later(failed(), own=(failed(conclusion="cancelled"),)), RED, id="given up, then red"),
        pytest.param(
            later(a_check(state=PENDING), own=(failed(conclusion="cancelled"), failed("lint"))), RED, id="not only"
        ),
    ],
)
def test_a_later_commit_can_prove_the_base_good(found: Verification, finding: Finding) -> None:
    assert found.finding is finding


def test_what_a_later_commit_proved_says_so_and_is_that_commit() -> None:
    found = later(a_check(), own=(failed(),))
    assert found.evidence[0] == f"Seen on a later commit, `{sha('m2')[:7]}`"
    assert found.at is not None
    assert found.at.sha == sha("m2")


def test_until_the_commit_before_is_shown_nothing_new_is_told_from_what_was_there() -> None:
    look = look_at(a_commit("m1", failed()))
    blind = replace(look, commits=commits(a_commit("m1", failed())))
    found = verify(replace(a_landing(), at=JUST_NOW), blind)
    assert (found.finding, found.reason) == (WAIT, "GitHub does not show the commit before it yet")
    assert found.until is not None
    assert verify(replace(a_landing(), at=LATE), blind).finding is RED, "it may never be shown"
    assert verify(replace(a_landing(), at=JUST_NOW), replace(look, proven=sha("older"))).finding is WAIT


def test_a_base_without_a_tip_is_judged_by_the_merge_alone() -> None:
    assert verify(a_landing(), look_at(a_commit("m1", failed()), tip="")).finding is RED


# ---- what landed is what was judged ----


def test_a_tree_that_was_not_judged_asks_for_a_person_however_green_it_is() -> None:
    found = verify(a_landing(expected=tree_of("other")), look_at(a_commit("m1", a_check())))
    assert found.finding is UNCLEAR
    assert found.reason.startswith(f"`{M1}` holds something else than what was judged and the base before it give")
    assert found.next_actor == "a maintainer"


@pytest.mark.parametrize(
    ("checks", "finding"), [((a_check(),), WAIT), ((failed(),), RED), ((a_check(state=PENDING),), WAIT)]
)
def test_green_waits_until_it_is_known_what_was_to_land(checks: tuple[CheckFacts, ...], finding: Finding) -> None:
    found = verify(a_landing(expected=None), look_at(a_commit("m1", *checks)))
    assert found.finding is finding
    assert found.evidence == ()


def test_even_without_checks_it_has_to_be_known_what_was_to_land() -> None:
    found = verify(a_landing(expected=None), look_at(config=Config(verify=())))
    assert (found.finding, found.reason) == (WAIT, "What landed is being compared with what was judged")


# ---- somebody's word ----


@pytest.mark.parametrize(
    "landing", [a_landing(), a_landing(expected=None), a_landing(expected=tree_of("other"))], ids=["red", "?", "tree"]
)
def test_somebodys_word_stands_over_every_finding_and_is_its_evidence(landing: Landing) -> None:
    found = verify(landing, look_at(a_commit("m1", failed()), allowed=an_order("mia", "flaky, see #9")))
    assert found.finding is GREEN
    assert found.evidence == (found.reason,)
    assert found.reason.startswith("Taken as good by `mia`: flaky, see ")
    assert "#9" not in found.reason


def test_a_word_without_a_reason() -> None:
    found = verify(a_landing(), look_at(allowed=an_order("mia")))
    assert (found.reason, found.at) == ("Taken as good by `mia`", None)


def test_any_commit_is_good_where_no_checks_are_asked_for() -> None:
    tip = a_commit("m1", failed())
    found = verify_commit(tip, look_at(tip, config=Config(verify=())), JUST_NOW)
    assert (found.finding, found.reason, found.at) == (GREEN, "No checks are asked for on the base", tip)
