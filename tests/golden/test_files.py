"""Every golden file belongs to a text: one that nothing writes any more tells of a program that is gone."""

from tests.golden import scenes, train_scenes
from tests.golden.test_texts import FILES, REPLIES, STATUS
from tests.golden.test_train_texts import TEXTS


def test_no_file_is_left_over() -> None:
    stages = (*scenes.STAGES, *train_scenes.STAGES)
    known = {*STATUS, *REPLIES, *TEXTS, *(f"{kind}_{each}" for kind in ("check", "why") for each in stages)}
    known |= {"check_outside", "brief", "commits", "labels", "reply_log", "status_symptoms"}
    known |= {f"doctor_{each}" for each in ("fine", "problems", "not_installed", "blind")}
    assert {path.stem for path in FILES.glob("*.md")} <= known
