"""What `signalbox doctor` prints, and the same findings in a status comment."""

import json
from dataclasses import replace
from datetime import timedelta

from bot.core.diagnosis import PERMISSIONS, WANTED_EVENTS, diagnose
from bot.core.examination import Examination, Grant, Ground, Health, Sent, Symptom
from bot.core.facts import BaseFacts, RequiredCheck
from bot.core.liveness import examined
from bot.core.model import Branch, MergeMethod
from bot.core.render.status import status_comment
from bot.worker.doctor import Report
from tests.golden import scenes
from tests.golden.scenes import NOW
from tests.golden.test_texts import compare

APP = 42
WHOLE = Grant(permissions={area: need.level for area, need in PERMISSIONS.items()}, events=frozenset(WANTED_EVENTS))
GROUND = Ground(
    base=Branch("main"), found=True, archived=False, merge_methods=frozenset(MergeMethod), merge_queue=False,
    required=(RequiredCheck(name="lint", app_id=None), RequiredCheck(name="signalbox", app_id=APP)),
    reported=frozenset({("lint", 7), ("tests", 7)}), heads=25, config_source="approvals: 2\n",
)  # fmt: skip
HEALTHY = Examination(
    slug="signalbox", wanted=WHOLE, granted=WHOLE, grants_url="https://github.com/organizations/octo/settings/installations/5",
    hook_url="https://signalbox.example.com/webhook", sent=(Sent(at=NOW, status=202),), ground=GROUND,
)  # fmt: skip
#: Everything that can be wrong beside each other.
ILL = replace(
    HEALTHY,
    granted=Grant(
        permissions={area: level for area, level in WHOLE.permissions.items() if area not in {"checks", "actions"}},
        events=WHOLE.events - {"issue_comment", "label", "status"},
    ),
    wanted=Grant(
        permissions={area: level for area, level in WHOLE.permissions.items() if area != "actions"}, events=WHOLE.events
    ),
    sent=tuple(Sent(at=NOW - timedelta(minutes=number), status=502) for number in range(4)),
    ground=replace(
        GROUND,
        required=(
            RequiredCheck(name="docs", app_id=None), RequiredCheck(name="lint", app_id=9),
            RequiredCheck(name="signalbox", app_id=None),
        ),
        merge_methods=frozenset({MergeMethod.MERGE}), config_source="merge_method: squash\n",
    ),
)  # fmt: skip


def report(found: Examination) -> Report:
    base = found.ground.base if found.ground is not None else ""
    return Report(repository="octo/shop", base=base, symptoms=diagnose(found, APP))


def test_a_terminal_obeys_nothing_of_what_others_called_things() -> None:
    symptom = Symptom(code="x", health=Health.PROBLEM, what="A check \x1b[2Jcalled\nok  all\u202e fine", why="\x9b1m")
    told = Report(repository="octo/shop", base="ma\x1bin", symptoms=(symptom,))
    assert told.to_text() == "octo/shop, base main\nproblem  A check called ok  all fine: 1m."
    assert told.to_json().isascii()


def test_a_base_that_is_called_like_a_secret_is_not_told() -> None:
    found = Report(repository="octo/shop", base="ghp_secret1234", symptoms=(), blind="ghp_secret1234")
    assert found.to_text() == "octo/shop, base [removed]\ncannot look: [removed]"
    assert json.loads(found.to_json())["base"] == "[removed]"


def test_a_healthy_repository() -> None:
    healthy = report(HEALTHY)
    assert healthy.exit_code == 0
    compare("doctor_fine", healthy.to_text())


def test_an_ill_repository() -> None:
    ill = report(ILL)
    assert ill.exit_code == 1
    compare("doctor_problems", ill.to_text())
    found = json.loads(ill.to_json())
    assert [each["code"] for each in found["findings"]] == [each.code for each in ill.symptoms]
    assert "**" not in ill.to_text()


def test_a_repository_without_the_app() -> None:
    absent = report(replace(HEALTHY, granted=None, ground=None))
    assert absent.exit_code == 1
    compare("doctor_not_installed", absent.to_text())


def test_one_that_cannot_look() -> None:
    blind = Report(repository="octo/shop", base="", symptoms=(), blind="GET /app: GitHub refuses the App's JWT")
    assert blind.exit_code == 2
    compare("doctor_blind", blind.to_text())
    assert json.loads(blind.to_json())["blind"] == blind.blind


def test_the_status_comment_shows_what_the_self_check_found() -> None:
    memory = examined(scenes.ledger({}), ILL, app_id=APP, now=NOW)
    base = BaseFacts(name=Branch("main"), sha=scenes.BASE_SHA)
    compare("status_symptoms", status_comment(scenes.started(memory=memory, more={"base": base})))
