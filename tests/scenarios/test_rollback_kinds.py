"""Stories of what a rollback takes back: every kind of change that git knows, alone and with work of others between."""

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, break_base, merge_rollback, only
from tests.scenarios.trees import FILE, LINK, PROGRAM, Change, Link, Mode, Moved

TEXT = "".join(f"line {number}\n" for number in range(1, 13))
BEFORE: dict[str, Change] = {
    "old/name.txt": TEXT,
    "gone.bin": b"\x00\x01\xff",
    "run.sh": "#!/bin/sh\n",
    "target.txt": "target\n",
    "folder": "a file so far\n",
}

KINDS: dict[str, dict[str, Change]] = {
    "rename and change": {"new/name.txt": TEXT.replace("line 5", "W1"), "old/name.txt": None},
    "file to folder": {"folder": None, "folder/inner.txt": "inner\n"},
    "all at once": {
        "new/name.txt": Moved("old/name.txt"), "gone.bin": None, "run.sh": Mode(PROGRAM), "link": Link("target.txt"),
    },
}  # fmt: skip


# each by itself is carried by git's merge, see tests/github/test_trial_on_sandbox.py; here the whole way of some
WHOLE_WAY = [("all at once", False), ("all at once", True), ("rename and change", True), ("file to folder", True)]


@opening(begin, {"W1": []}, files=BEFORE)
@pytest.mark.parametrize(("kind", "foreign"), WHOLE_WAY)
async def test_each_kind_of_change_is_taken_back_exactly(play: Play, kind: str, foreign: bool) -> None:
    """Alone the tree of the checkpoint is put back, whatever the kind; with others between it is git's own merge."""
    good = await play.tree("main")
    landed = await break_base(play, "W1", KINDS[kind])
    assert await play.tree(landed) != good
    theirs: dict[str, Change] = {}
    if foreign:
        theirs = {"theirs/run": "#!/bin/sh\n", "theirs/link": Link("../target.txt")}
        await play.push_tree("main", theirs)
        await play.push_tree("main", {"theirs/run": Mode(PROGRAM)})
    kept = only(await play.tree("main"), theirs)
    await merge_rollback(play)
    await play.until_stage("W1", "rolled-back")
    assert await play.tree("main") == {**good, **kept}
    assert sorted(mode for mode, _ in kept.values()) == ([PROGRAM, LINK] if foreign else [])
    assert good["run.sh"][0] == FILE


@opening(begin, {"W1": []}, files=BEFORE)
async def test_what_others_changed_in_a_renamed_file_goes_back_with_it(play: Play) -> None:
    await break_base(play, "W1", {"new/name.txt": Moved("old/name.txt")})
    await play.push_tree("main", {"new/name.txt": TEXT.replace("line 11", "theirs")})
    await merge_rollback(play)
    await play.until_stage("W1", "rolled-back")
    assert await play.file("main", "old/name.txt") == TEXT.replace("line 11", "theirs").encode()
    assert "new/name.txt" not in await play.tree("main")
