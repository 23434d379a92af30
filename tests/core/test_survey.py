"""Which plan is in force: the approved text as it was read then, whatever a later reader makes of it."""

from dataclasses import replace

from pydantic import TypeAdapter

from bot.core.memory import Memory
from bot.core.model import Key
from bot.core.plan.reader import read_plan
from bot.core.survey import survey

BODY = "# Pages\n\nBase: `main`\n\n### W1: Cache\n- Files: `cache.py`\n\n### W2: Views\n- Depends on: W1\n"


def test_a_running_plan_stays_as_it_was_read() -> None:
    read = read_plan(BODY, "Pages")
    otherwise = replace(read, workstreams=read.workstreams[:1])  # as if an older reader had seen only one
    found = survey(
        body=BODY, title="Pages", config_source=None, memory=Memory(approved_body=BODY, approved_plan=otherwise)
    )
    assert [each.key for each in found.plan.workstreams] == [Key("W1")]
    assert found.pending is None


def test_a_plan_from_before_the_reading_was_kept_is_read_anew() -> None:
    found = survey(body=BODY, title="Pages", config_source=None, memory=Memory(approved_body=BODY))
    assert [each.key for each in found.plan.workstreams] == [Key("W1"), Key("W2")]


def test_the_reading_comes_back_from_the_store_whole() -> None:
    kept = TypeAdapter(Memory)
    memory = Memory(approved_body=BODY, approved_plan=read_plan(BODY, "Pages"))
    again = kept.validate_json(kept.dump_json(memory))
    assert again == memory
    assert again.approved_plan is not None
    assert memory.approved_plan is not None
    assert again.approved_plan.origins == memory.approved_plan.origins
