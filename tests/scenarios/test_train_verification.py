"""Stories of the base after a merge: what CI says of it, late, twice, or not at all."""

from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring, land, merged, rollback_pull, rollback_pulls, says

TWO: dict[str, list[str]] = {"W1": [], "W2": ["W1"]}


async def silent(sha: str) -> str | None:
    """Say nothing of any commit."""
    assert sha
    return None


async def landed_untested(play: Play, config: str = "") -> str:
    """Land W1 while CI keeps silent about the base, before and after; return the commit."""
    play.base_ci = silent
    await begin(play, TWO, config)
    await bring(play, "W1")
    landed = await merged(play, "W1")
    await play.settled()
    return landed


async def test_nothing_merges_before_ci_has_said_something_however_late(play: Play) -> None:
    landed = await landed_untested(play)
    await bring(play, "W2")
    await play.settled()
    assert [await play.stage(key) for key in TWO] == ["verifying", "queued"]
    await play.report(landed, None)
    await play.settled()
    assert [await play.stage(key) for key in TWO] == ["verifying", "queued"]
    await play.report(landed, "success")
    await play.until_stage("W1", "done")
    await merged(play, "W2")


async def test_of_two_checks_one_that_is_red_breaks_the_base(play: Play) -> None:
    landed = await landed_untested(play)
    await play.report(landed, None, "lint")
    await play.report(landed, "success")
    await play.settled()
    assert await play.stage("W1") == "verifying"
    await play.report(landed, "failure", "lint")
    await play.until_stage("W1", "failed")
    assert "`lint` by CI failed" in (await rollback_pull(play))["body"]


async def test_a_check_that_was_red_before_is_not_held_against_a_merge_and_is_named(play: Play) -> None:
    async def red(sha: str) -> str | None:
        await play.report(sha, "success", "lint")
        return "failure"

    play.base_ci = red
    await begin(play, TWO)
    await land(play, "W1")
    await says(play, ": `lint`; `tests` failed before the merge too and is not held against it")
    assert await rollback_pulls(play) == []


async def test_a_check_that_was_red_before_counts_where_the_config_says_so(play: Play) -> None:
    async def red(sha: str) -> str | None:
        assert sha
        return "failure"

    play.base_ci = red
    await begin(play, TWO, "already_red: true\n")
    await bring(play, "W1")
    await play.until_stage("W1", "failed")
    assert (await rollback_pull(play))["title"] == "Roll back W1 to cp-0"


async def test_where_ci_keeps_silent_a_person_is_asked_and_may_take_the_base_as_good(play: Play) -> None:
    await landed_untested(play, "checks_grace: 1s\n")
    said = await says(play, "No check has reported on the base: without CI", "verify: []")
    assert "whoever looks after CI has to look, `/signalbox allow` takes the base as good" in said
    assert await play.stage("W1") == "verifying"
    assert await rollback_pulls(play) == []
    await play.tell("mia", "/signalbox allow W1")
    await play.until_stage("W1", "done")


async def test_a_check_that_the_config_names_and_nobody_reports_is_asked_for(play: Play) -> None:
    landed = await landed_untested(play, "verify: [e2e]\nchecks_grace: 1s\n")
    await play.report(landed, "failure")  # not one that counts
    await says(play, "`e2e` has not reported on the base", "make CI report it")
    assert await rollback_pulls(play) == []
    await play.report(landed, "success", "e2e")
    await play.until_stage("W1", "done")


async def test_without_checks_on_the_base_there_is_nothing_to_wait_for(play: Play) -> None:
    await landed_untested(play, "verify: []\n")
    await play.until_stage("W1", "done")
    assert "No checks are asked for on the base" in await says(play, "`cp-1`")


async def test_a_check_that_takes_too_long_breaks_the_base(play: Play) -> None:
    async def slow(sha: str) -> str | None:
        await play.report(sha, None)
        return None

    play.base_ci = slow
    await begin(play, TWO, "verify_timeout: 1s\n")
    await bring(play, "W1")
    await play.until_stage("W1", "failed")
    assert "Timed out" in (await rollback_pull(play))["body"]


async def test_a_later_commit_that_mends_the_base_proves_the_merge(play: Play) -> None:
    landed = await landed_untested(play, "on_red: hold\n")
    await play.report(landed, "failure")
    await play.until_stage("W1", "failed")
    mended = await play.push("main", "mended.txt", "mended\n")
    await play.report(mended, "success")
    await play.until_stage("W1", "done")
    assert f"Seen on a later commit, `{mended[:7]}`" in await says(play, "`cp-1`")
