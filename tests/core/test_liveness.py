"""The self-check: what an examination says, when one is due, and which plans count as stuck."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.core.diagnosis import PERMISSIONS, WANTED_EVENTS, diagnose
from bot.core.examination import Examination, Examined, Grant, Health, Sent, Symptom
from bot.core.facts import CheckState, Facts, Mergeable, PullFacts, RequiredCheck, TrainFacts
from bot.core.judge import judge, seen_of
from bot.core.liveness import ENDLESS, FIRST_LOOK, ILL, STUCK, WELL, examined, is_due
from bot.core.memory import Memory, Queued
from bot.core.model import IssueNumber, MergeMethod
from tests.build import (
    APP,
    CI_APP,
    NOW,
    a_base,
    a_check,
    a_ground,
    a_memory,
    a_pull,
    a_repository,
    a_start,
    an_examination,
    an_intent,
    an_issue,
    an_order,
    facts,
)

MANIFEST = Path(__file__).parents[2] / "app.yml"
BODY = "## Workstreams\n\n### W1: Add the cache\n- Branch: `signalbox/w1-add-the-cache`\n- Files: `cache.py`\n"
OURS = RequiredCheck(name="signalbox", app_id=APP)
LINT = RequiredCheck(name="lint", app_id=CI_APP)


def ill(found: Examination) -> dict[str, Health]:
    return {each.code: each.health for each in diagnose(found, APP) if each.health is not Health.OK}


def grant(**changes: str | None) -> Grant:
    """What the App needs, but for some permissions; None = taken away."""
    levels: dict[str, str | None] = {**{area: need.level for area, need in PERMISSIONS.items()}, **changes}
    given = {area: level for area, level in levels.items() if level is not None}
    return Grant(permissions=given, events=an_examination().wanted.events)


def without(*events: str) -> Grant:
    whole = an_examination().wanted
    return replace(whole, events=whole.events - set(events))


def sent(*statuses: int) -> tuple[Sent, ...]:
    return tuple(Sent(at=NOW, status=status) for status in statuses)


def grounded(**more: Any) -> Examination:
    return an_examination(ground=a_ground(**more))


def test_a_repository_that_is_set_up_well_has_only_good_to_tell() -> None:
    found = diagnose(an_examination(sent=sent(202)), APP)
    assert {each.health for each in found} == {Health.OK}
    assert [each.code for each in found] == ["installed", "permissions", "events", "webhooks", "required", "settings"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(an_examination(granted=None), {"not-installed": Health.PROBLEM}, id="not installed"),
        pytest.param(an_examination(suspended=True, ground=None), {"suspended": Health.PROBLEM}, id="suspended"),
        pytest.param(an_examination(granted=grant(checks=None)), {"permission-checks": Health.PROBLEM}, id="no checks"),
        pytest.param(
            an_examination(granted=grant(contents="read")), {"permission-contents": Health.PROBLEM}, id="only read"
        ),
        pytest.param(an_examination(granted=grant(issues="odd")), {"permission-issues": Health.PROBLEM}, id="odd level"),
        pytest.param(an_examination(granted=grant(actions=None)), {"permission-actions": Health.WARNING}, id="optional"),
        pytest.param(an_examination(granted=grant(contents="admin")), {}, id="more than needed"),
        pytest.param(
            an_examination(granted=without("issue_comment", "label")),
            {"event-issue_comment": Health.PROBLEM, "event-some": Health.WARNING},
            id="events",
        ),
        pytest.param(an_examination(hook_url=""), {"webhook-url": Health.PROBLEM}, id="no webhook URL"),
        pytest.param(an_examination(sent=sent(502, 502)), {}, id="two failures are made up for"),
        pytest.param(an_examination(sent=sent(502, 0, 502, 202)), {"webhooks-fail": Health.PROBLEM}, id="three are not"),
        pytest.param(an_examination(sent=sent(502, 202, 502)), {}, id="one arrived in between"),
        pytest.param(grounded(archived=True), {"archived": Health.PROBLEM}, id="archived"),
        pytest.param(grounded(found=False), {"base-missing": Health.PROBLEM}, id="no base"),
        pytest.param(grounded(required=()), {"advisory": Health.WARNING}, id="advisory"),
        pytest.param(grounded(required=(replace(OURS, app_id=None),)), {"unpinned": Health.WARNING}, id="any source"),
        pytest.param(
            grounded(required=(replace(OURS, app_id=None), OURS)), {}, id="one rule of two names this App"
        ),
        pytest.param(grounded(required=(replace(OURS, app_id=7),)), {"other-source": Health.PROBLEM}, id="other source"),
        pytest.param(
            grounded(required=(OURS, LINT), reported=frozenset({("tests", CI_APP)})),
            {"never-reported": Health.PROBLEM},
            id="nobody reports it",
        ),
        pytest.param(
            grounded(required=(OURS, LINT), reported=frozenset({("lint", None)})),
            {"never-reported": Health.PROBLEM},
            id="only others report it",
        ),
        pytest.param(grounded(required=(OURS, LINT)), {"never-reported": Health.WARNING}, id="no CI has run yet"),
        pytest.param(grounded(required=(OURS, LINT), reported=frozenset({("Lint", CI_APP)})), {}, id="reported"),
        pytest.param(grounded(config_source="modus: x"), {"config": Health.PROBLEM}, id="config"),
        pytest.param(
            grounded(config_source="merge_method: squash", merge_methods=frozenset({MergeMethod.MERGE})),
            {"merge-method": Health.WARNING},
            id="forbidden method",
        ),
        pytest.param(grounded(config_source="approvals: 2"), {}, id="config that is fine"),
    ],
)  # fmt: skip
def test_each_fault_of_the_set_up_is_found_and_nothing_else(found: Examination, expected: dict[str, Health]) -> None:
    assert ill(found) == expected


def test_the_self_check_wants_just_what_the_app_asks_for() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    assert {area: need.level for area, need in PERMISSIONS.items()} == manifest["default_permissions"]
    assert list(WANTED_EVENTS) == manifest["default_events"]


def test_every_symptom_says_why_it_matters_and_what_to_do() -> None:
    bare = Grant(permissions={}, events=frozenset())
    found = diagnose(an_examination(granted=bare, hook_url="", ground=a_ground(required=())), APP)
    for each in found:
        if each.health is not Health.OK:
            assert each.why, each
            assert each.remedy, each
            assert not each.what.endswith("."), each
    lacking = next(each for each in found if each.code == "permission-checks")
    assert "https://github.test/octo/demo/grants" in lacking.remedy
    unasked = diagnose(an_examination(granted=bare, wanted=bare), APP)
    assert "Add it on the App's settings page" in next(each for each in unasked if each.code == lacking.code).remedy


def test_a_new_plan_is_examined_a_minute_later_then_hourly_or_sooner_where_something_is_wrong() -> None:
    memory = examined(Memory(), None, app_id=APP, now=NOW)
    assert memory.examined == Examined(due=NOW + FIRST_LOOK)
    assert not is_due(memory, NOW)
    assert is_due(memory, NOW + FIRST_LOOK)
    well = examined(memory, an_examination(), app_id=APP, now=NOW)
    assert well.examined == Examined(due=NOW + WELL, protected=True)
    sick = examined(well, an_examination(granted=grant(checks=None)), app_id=APP, now=NOW)
    assert sick.examined is not None
    assert sick.examined.due == NOW + ILL
    failed = examined(sick, None, app_id=APP, now=NOW + ILL)
    assert failed.examined == replace(sick.examined, due=NOW + ILL + ILL)
    assert examined(failed, None, app_id=APP, now=NOW + ILL) == failed


def codes(found: Facts, memory: Memory) -> list[str]:
    return [each.code for each in judge(found, memory).symptoms]


def lived(found: Facts, memory: Memory, time: timedelta) -> tuple[Facts, Memory]:
    """The same world later: nothing has moved."""
    return replace(found, now=found.now + time), replace(memory, seen=seen_of(judge(found, memory), found.read_at))


def ground(**more: Any) -> Facts:
    given = {"base": a_base(required_checks=(OURS,)), "issue": an_issue(body=BODY), "pulls": {"W1": pull()}}
    return facts(**{**given, **more})


def pull(**more: Any) -> PullFacts:
    return a_pull(created_at=NOW, **more)


def remembering(**more: Any) -> Memory:
    """A plan that was started just now."""
    start = replace(a_start(), at=NOW)
    return a_memory(**{"approved_body": BODY, "intent": an_intent(start=start), **more})


def test_a_base_that_does_not_require_the_check_is_told_of_at_once() -> None:
    assert codes(ground(base=a_base()), remembering()) == ["advisory"]
    assert codes(ground(), remembering()) == []
    assert codes(ground(base=a_base(required_checks=(replace(OURS, app_id=7),))), remembering()) == ["other-source"]
    assert codes(ground(base=a_base(sha=None)), remembering()) == []


def test_a_rule_that_only_an_examination_can_see_counts() -> None:
    assert codes(ground(base=a_base()), remembering(examined=Examined(due=NOW, protected=True))) == []


def test_what_an_examination_found_is_shown_until_the_next_problems_first() -> None:
    pinned = Symptom(code="unpinned", health=Health.WARNING, what="x")
    lacking = Symptom(code="permission-checks", health=Health.PROBLEM, what="x")
    assert codes(ground(), remembering(examined=Examined(due=NOW, symptoms=(pinned, lacking)))) == [
        "permission-checks", "unpinned",
    ]  # fmt: skip


def test_a_config_that_wants_a_forbidden_way_of_merging_is_told_of() -> None:
    only = a_repository(merge_methods=frozenset({MergeMethod.MERGE}))
    wanting = ground(repository=only, config_source="merge_method: squash")
    assert codes(wanting, remembering()) == ["merge-method"]
    queue = a_base(required_checks=(OURS,), merge_queue=True)
    assert codes(replace(wanting, base=queue), remembering()) == []


@pytest.mark.parametrize(
    ("found", "code", "after"),
    [
        pytest.param(ground(), "not-merged", STUCK, id="everything is green"),
        pytest.param(ground(pulls={"W1": None}), "not-laid", STUCK, id="no pull"),
        pytest.param(
            ground(pulls={"W1": pull(mergeable=Mergeable.UNKNOWN)}), "not-known", STUCK, id="unknown mergeability"
        ),
        pytest.param(
            ground(pulls={"W1": pull(checks=(a_check(state=CheckState.PENDING, conclusion="in_progress"),))}),
            "not-checked",
            ENDLESS,
            id="endless CI",
        ),
        pytest.param(ground(train=TrainFacts(holder=IssueNumber(9))), "not-its-turn", ENDLESS, id="another plan"),
    ],
)
def test_a_plan_that_should_move_and_does_not_is_told_of_in_time(found: Facts, code: str, after: timedelta) -> None:
    memory = remembering()
    early, late = (lived(found, memory, after + more) for more in (timedelta(seconds=-1), timedelta(0)))
    assert codes(*early) == []
    assert codes(*late) == [code]


def test_nobody_is_told_of_a_plan_that_people_keep_from_moving() -> None:
    late = lived(ground(), remembering(), ENDLESS)
    assert codes(*late) == ["not-merged"]
    assert codes(*lived(ground(), remembering(intent=an_intent(paused=an_order())), ENDLESS)) == []
    assert codes(*lived(ground(config_source="mode: manual"), remembering(), ENDLESS)) == []
    head = pull().head_sha
    taken_out = remembering(queued={"W1": Queued(head=head, base=a_base().sha)})
    assert codes(*lived(ground(base=a_base(required_checks=(OURS,), merge_queue=True)), taken_out, ENDLESS)) == []
    queued = ground(pulls={"W1": pull(queued=1)})
    assert codes(*lived(queued, remembering(), ENDLESS)) == []


def test_a_finished_plan_has_no_symptoms() -> None:
    cancelled = remembering(intent=an_intent(cancelled=an_order()))
    assert codes(ground(base=a_base()), cancelled) == []
