"""What one plan has that another has not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Branch, Key, Plan, Workstream
from bot.core.plan.difference import Aspect, Change, Difference, difference
from tests.build import a_plan, a_stream

OLD = a_stream(
    "W1",
    branch=Branch("one"),
    files=("a.py", "b.py"),
    needs=("W0",),
    scope=("Read it",),
    acceptance=("It is read", "It is fast"),
)


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        pytest.param(
            {"title": "Drop the cache"}, [(Aspect.TITLE, ("Add the cache",), ("Drop the cache",))], id="title"
        ),
        pytest.param({"branch": Branch("two")}, [(Aspect.BRANCH, ("one",), ("two",))], id="branch"),
        pytest.param({"branch": None}, [(Aspect.BRANCH, ("one",), ())], id="branch no longer named"),
        pytest.param({"needs": ("W0", "W2")}, [(Aspect.NEEDS, (), ("W2",))], id="one more need"),
        pytest.param({"needs": ()}, [(Aspect.NEEDS, ("W0",), ())], id="no need"),
        pytest.param({"files": ("b.py", "c.py")}, [(Aspect.FILES, ("a.py",), ("c.py",))], id="files"),
        pytest.param({"files": ("b.py", "a.py")}, [], id="files in another order"),
        pytest.param({"scope": ("Write it",)}, [(Aspect.SCOPE, ("Read it",), ("Write it",))], id="scope"),
        pytest.param({"out_of_scope": ("All else",)}, [(Aspect.OUT_OF_SCOPE, (), ("All else",))], id="out of scope"),
        pytest.param({"acceptance": ("It is read",)}, [(Aspect.ACCEPTANCE, ("It is fast",), ())], id="acceptance"),
        pytest.param({"acceptance": ("It is fast", "It is read")}, [(Aspect.ACCEPTANCE, (), ())], id="another order"),
        pytest.param({"validation": ("make",)}, [(Aspect.VALIDATION, (), ("make",))], id="validation"),
        pytest.param(
            {"title": "New", "needs": ()},
            [(Aspect.TITLE, ("Add the cache",), ("New",)), (Aspect.NEEDS, ("W0",), ())],
            id="two at once",
        ),
        pytest.param({"line": 99, "ticked": True}, [], id="line and tick"),
    ],
)
def test_what_changed_of_a_workstream(new: dict[str, Any], changes: list[tuple[Any, ...]]) -> None:
    found = difference(a_plan(OLD), a_plan(replace(OLD, **new)))
    wanted = tuple(Change(aspect=aspect, gone=gone, new=added) for aspect, gone, added in changes)
    assert found == Difference(changed={Key("W1"): wanted} if wanted else {})
    assert found.empty is not bool(wanted)


def test_a_key_written_differently_is_one_removed_and_one_added() -> None:
    renamed = replace(OLD, key=Key("W9"))
    assert difference(a_plan(OLD), a_plan(renamed)) == Difference(added=(renamed,), removed=(OLD,))


@pytest.mark.parametrize(
    ("old", "new", "base"),
    [
        pytest.param(Branch("main"), Branch("next"), (Branch("main"), Branch("next")), id="another"),
        pytest.param(None, Branch("next"), (None, Branch("next")), id="named now"),
        pytest.param(None, None, None, id="never named"),
    ],
)
def test_the_base(old: Branch | None, new: Branch | None, base: object) -> None:
    assert difference(a_plan(base=old), a_plan(base=new)).base == base


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        pytest.param((("W1",), ("W2",)), (("W2",), ("W1",)), True, id="turned around"),
        pytest.param((("W1", "W2"),), (("W2", "W1"),), False, id="the same wave"),
        pytest.param(None, (("W1",),), True, id="stated now"),
        pytest.param(None, (), False, id="none and empty"),
    ],
)
def test_the_merge_order(old: Any, new: Any, differs: bool) -> None:
    found = difference(a_plan(merge_order=old), a_plan(merge_order=new)).order
    assert found == ((old or (), new or ()) if differs else None)


STREAMS = st.builds(
    lambda key, title, needs, files: a_stream(key, title, needs, files=tuple(files)),
    st.sampled_from(["W1", "W2", "W3", "w1"]),
    st.sampled_from(["One", "Two"]),
    st.lists(st.sampled_from(["W1", "W2"]), unique=True, max_size=2),
    st.lists(st.sampled_from(["a", "b"]), unique=True, max_size=2),
)
PLANS = st.lists(STREAMS, min_size=1, max_size=4, unique_by=lambda each: each.key).map(lambda streams: a_plan(*streams))


def applied(old: Plan, found: Difference) -> dict[Key, Workstream]:
    """The workstreams of the newer plan, made from the older one and the difference; sets where order does not count."""
    streams = {each.key: each for each in old.workstreams} | {each.key: each for each in found.added}
    for each in found.removed:
        del streams[each.key]
    for key, changes in found.changed.items():
        for change in changes:
            field = change.aspect.value
            if change.aspect is Aspect.TITLE:
                streams[key] = replace(streams[key], title=change.new[0])
            else:
                before = [entry for entry in getattr(streams[key], field) if entry not in change.gone]
                streams[key] = replace(streams[key], **{field: (*before, *change.new)})  # type: ignore[arg-type]
    return streams


@given(PLANS, PLANS)
def test_the_difference_leads_from_the_one_plan_to_the_other(old: Plan, new: Plan) -> None:
    made = applied(old, difference(old, new))
    wanted = {each.key: each for each in new.workstreams}
    assert set(made) == set(wanted)
    for key, stream in wanted.items():
        assert (made[key].title, set(made[key].needs), set(made[key].files)) == (
            stream.title,
            set(stream.needs),
            set(stream.files),
        )
    assert difference(new, new).empty
