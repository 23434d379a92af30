"""Golden files of what users read around a merge: status comments, checks, answers, the rollback's pull."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.facts import PullState
from bot.core.model import Key
from bot.core.render.brief import anew_commit, brief
from bot.core.render.check import check_output, rollback_output
from bot.core.render.replies import why_reply
from bot.core.render.rollback import commit_message
from bot.core.render.status import status_comment
from bot.core.render.together import together
from bot.core.views import PlanView
from tests.golden import train_scenes as scenes
from tests.golden.scenes import BASE_SHA, PENDING, RED
from tests.golden.test_texts import compare, shown


def of_rollback(view: PlanView) -> str:
    """The check on the pull of the view's rollback."""
    assert view.rollback is not None
    return shown(rollback_output(view, view.rollback))


def all_together() -> str:
    view, memory = scenes.tested()
    return status_comment(view, tested=together(view, memory))


TEXTS: dict[str, Callable[[], str]] = {
    "status_verifying": lambda: status_comment(scenes.after(PENDING)),
    "status_verifying_silent": lambda: status_comment(scenes.STAGES["verifying_silent"][0]),
    "status_base_broken": lambda: status_comment(scenes.after(RED)),
    "status_rollback": lambda: status_comment(scenes.returning()),
    "status_rollback_unclean": lambda: status_comment(
        scenes.returning(None, built=None, exact=False, unclean=("src/store/index.py", "src/@all.py"))
    ),
    "status_rolled_back": lambda: status_comment(scenes.taken_back()),
    "status_again": lambda: status_comment(scenes.again()),
    "status_strays": lambda: status_comment(scenes.strays()),
    "status_tags_gone": lambda: status_comment(scenes.tags_gone()),
    "status_clashing": lambda: status_comment(scenes.clashing()),
    "status_tested_together": all_together,
    "status_frozen": lambda: status_comment(scenes.STAGES["frozen"][0]),
    "status_waiting_for_another_plan": lambda: status_comment(scenes.waiting_for_another_plan()),
    "rollback_pull": lambda: scenes.rollback_pull(scenes.returning()),
    "rollback_pull_others_between": lambda: scenes.rollback_pull(scenes.returning(exact=False)),
    "rollback_commit": lambda: commit_message(scenes.returning(), scenes.returning().rollback),  # type: ignore[arg-type]
    "check_rollback": lambda: of_rollback(scenes.returning()),
    "check_rollback_by_itself": lambda: of_rollback(scenes.returning(config="on_red: rollback\n")),
    "check_rollback_waits": lambda: of_rollback(scenes.returning(replace(scenes.ROLLBACK, checks=(PENDING,)))),
    "check_rollback_pushed_to": lambda: of_rollback(scenes.returning(built=BASE_SHA)),
    "check_rollback_dropped": lambda: of_rollback(scenes.returning(dropped=True)),
    "brief_again": lambda: brief(scenes.again(), scenes.again().stream(Key("W2"))),
    "brief_again_unclean": lambda: brief(
        scenes.again("src/store/index.py"), scenes.again("src/store/index.py").stream(Key("W2"))
    ),
    "commit_again": lambda: "\n\n".join(anew_commit(scenes.again(), scenes.again().stream(Key("W2")))),
    "reply_why_plan_rollback": lambda: why_reply(scenes.returning(), None),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name: str) -> None:
    compare(name, TEXTS[name]())


@pytest.mark.parametrize("name", scenes.STAGES)
def test_check(name: str) -> None:
    view, key = scenes.STAGES[name]
    compare(f"check_{name}", shown(check_output(view, view.stream(Key(key)))))


@pytest.mark.parametrize("name", scenes.STAGES)
def test_why(name: str) -> None:
    view, key = scenes.STAGES[name]
    compare(f"why_{name}", why_reply(view, Key(key)))


def test_no_rollback_is_open_by_accident() -> None:
    for view in (scenes.returning(), scenes.returning(dropped=True), scenes.returning(built=BASE_SHA)):
        assert view.rollback is not None
        check = rollback_output(view, view.rollback)
        open_ = view.rollback.ready and not view.rollback.rollback.dropped
        assert (check.conclusion == "success") is open_
    bare = replace(scenes.returning(), rollback=None)
    assert bare.rollback is None
    assert scenes.ROLLBACK.state is PullState.OPEN
