"""What holds for every gate, whatever it looks at."""

import pytest
from markdown_it import MarkdownIt

from bot.core import registry
from bot.core.config import CheckName, Config
from bot.core.facts import CheckState, Mergeable, ReviewState
from bot.core.gates import Case, Gate
from bot.core.model import Branch, Key
from bot.core.views import GateVerdict
from tests.build import a_case, a_check, a_need, a_pull, a_review, an_intent, an_order, facts

EVIL = "`@ada` <b>fixes #1</b> | [x](y)\n# z"
W1 = Key("W1")
CASES = (
    a_case(),
    a_case(has_work=False),
    a_case(
        pull=a_pull(
            body=f"- [ ] {EVIL}", draft=True, base=Branch(EVIL), mergeable=Mergeable.NO, head=Branch(EVIL),
            checks=(a_check(EVIL, CheckState.FAILED, app_name=EVIL),),
            reviews=(a_review(EVIL, ReviewState.CHANGES_REQUESTED),),
        ),
        needs=(a_need(EVIL, waits_for="Still a draft"),),
        intent=an_intent(held={W1: an_order(EVIL, EVIL)}, paused=an_order(EVIL, EVIL)),
        facts=facts(),
    ),
    a_case(pull=a_pull(checks=(a_check(EVIL, app_name=EVIL),), checks_complete=False), config=Config(approvals=9)),
    a_case(
        pull=a_pull(checks=(a_check(EVIL, app_name=EVIL),), mergeable=Mergeable.UNKNOWN),
        config=Config(checks=(CheckName(name=EVIL, app=7),)),
        drafts=False,
    ),
)  # fmt: skip


@pytest.mark.parametrize("gate", registry.load_gates(), ids=lambda gate: gate.name)
@pytest.mark.parametrize("case", CASES, ids=["passing", "no-work", "evil", "evil-unread", "evil-missing"])
def test_a_reason_is_one_safe_sentence_with_somebody_to_move(gate: Gate, case: Case) -> None:
    result = gate.check(case)
    assert result.gate == gate.name
    assert result.reason
    assert "\n" not in result.reason
    assert not result.reason.endswith(".")
    assert result.since is None
    assert bool(result.next_actor) == (result.verdict is not GateVerdict.PASS)
    (_, inline, _) = MarkdownIt("commonmark").parse(result.reason)
    assert {child.type for child in inline.children or ()} <= {"text", "text_special", "code_inline"}
    visible = "".join(child.content for child in inline.children or () if child.type == "text")
    assert "@ada" not in visible
    assert "#1" not in visible.replace("#11", "")


def test_the_default_case_passes_every_gate() -> None:
    results = [gate.check(a_case()) for gate in registry.load_gates()]
    assert [each.gate for each in results if each.verdict is not GateVerdict.PASS] == []
