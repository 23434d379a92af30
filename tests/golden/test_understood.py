"""What is folded below the preview keeps within the comment and says so where it does not fit."""

from bot.core.plan.reader import read_plan
from bot.core.render.parts import COMMENT_LIMIT, size
from bot.core.render.preview import preview
from bot.core.render.understood import canonical, origins
from tests.golden import scenes


def test_a_long_canonical_form_is_left_out_with_a_sentence() -> None:
    items = "".join(f"  - Item {n} of many, told at some length\n" for n in range(1450))
    text = preview(scenes.preview(scenes.PLAN.replace("  - A settings page\n", items)))
    assert size(text) <= COMMENT_LIMIT
    assert "This plan in the canonical form" not in text
    assert text.endswith("`signalbox lint FILE --format markdown` writes it.")
    assert "How this was understood" in text


def test_without_room_nothing_is_cut_in_the_middle() -> None:
    plan = read_plan(scenes.PLAN)
    whole = origins(plan, COMMENT_LIMIT)
    assert origins(plan, size(whole)) == whole
    assert origins(plan, size(whole) - 1) == ""
    form = canonical(plan, COMMENT_LIMIT)
    assert canonical(plan, size(form)) == form
    assert canonical(plan, size(form) - 1).startswith("The canonical form of this plan is too long")


def test_the_offered_form_is_fenced_beyond_its_own_fences() -> None:
    plan = read_plan("### W1: a\nBranch: `a`\nValidation:\n````sh\nodd ``` one\n````\n")
    lines = canonical(plan, COMMENT_LIMIT).splitlines()
    fences = [each for each in lines if each.startswith("```")]
    assert fences == ["`````markdown", "````", "````", "`````"]


def test_what_cannot_be_seen_is_not_offered() -> None:
    plan = read_plan("### W1: a\nBranch: `a`\nScope:\n- left \u202e right \u0007 bell\n")
    assert "- left  right  bell" in canonical(plan, COMMENT_LIMIT)
