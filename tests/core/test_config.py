"""`.github/signalbox.yml`: every setting, every mistake with its line."""

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core.config import CheckName, Config, read_config
from bot.core.model import MergeMethod, Mode, OnRed, Update

EXAMPLE = Path(__file__).parents[2] / "docs" / "signalbox.yml"
UNIT, E2E = (CheckName(name="unit"),), (CheckName(name="e2e"),)
NAMED = (*UNIT, CheckName(name="lint", app=15368), CheckName(name="docs"))


@pytest.mark.parametrize(
    ("text", "config"),
    [
        pytest.param("", Config(), id="empty"),
        pytest.param("# nothing\n\n", Config(), id="comments only"),
        pytest.param("---\nlabel: epic\n", Config(label="epic"), id="label"),
        pytest.param("mode: manual", Config(mode=Mode.MANUAL), id="mode"),
        pytest.param("merge_method: squash", Config(merge_method=MergeMethod.SQUASH), id="merge method"),
        pytest.param("approvals: 0", Config(approvals=0), id="approvals"),
        pytest.param("fresh_approvals: yes", Config(fresh_approvals=True), id="fresh approvals"),
        pytest.param("acceptance: false", Config(acceptance=False), id="acceptance"),
        pytest.param("checks: all", Config(), id="every check"),
        pytest.param("checks: []", Config(checks=(), verify=()), id="no checks"),
        pytest.param("checks: []\nverify: all", Config(checks=()), id="no checks but on the base"),
        pytest.param("verify: []", Config(verify=()), id="no verification"),
        pytest.param("checks: [unit]\nverify: [e2e]", Config(checks=UNIT, verify=E2E), id="others on the base"),
        pytest.param("verify_timeout: 2h", Config(verify_timeout=timedelta(hours=2)), id="time limit of the base"),
        pytest.param("on_red: rollback", Config(on_red=OnRed.ROLLBACK), id="rollback by itself"),
        pytest.param("on_red: rollback_pull", Config(), id="rollback by people"),
        pytest.param("on_red: hold", Config(on_red=OnRed.HOLD), id="no rollback"),
        pytest.param("already_red: true", Config(already_red=True), id="red before counts"),
        pytest.param("freeze_base: true", Config(freeze_base=True), id="freeze"),
        pytest.param("update: before_merge", Config(update=Update.BEFORE_MERGE), id="update before a merge"),
        pytest.param("update: always_current", Config(update=Update.ALWAYS_CURRENT), id="always current"),
        pytest.param("forecast: false", Config(forecast=False), id="no forecast"),
        pytest.param("forecast_delay: 5m", Config(forecast_delay=timedelta(minutes=5)), id="later forecast"),
        pytest.param(
            "checks:\n  - unit\n  - {name: lint, app: 15368}\n  - name: docs\n",
            Config(checks=NAMED, verify=NAMED),
            id="named checks, on the base too",
        ),
        pytest.param("checks_grace: 90s", Config(checks_grace=timedelta(seconds=90)), id="seconds"),
        pytest.param("checks_grace: 5m", Config(checks_grace=timedelta(minutes=5)), id="minutes"),
        pytest.param("checks_grace: 24h", Config(checks_grace=timedelta(days=1)), id="hours"),
        pytest.param("checks_grace: 5", Config(checks_grace=timedelta(minutes=5)), id="a number means minutes"),
        pytest.param("checks_grace: 0", Config(checks_grace=timedelta(0)), id="no grace"),
        pytest.param("branch_prefix: team/sb-", Config(branch_prefix="team/sb-"), id="branch prefix"),
        pytest.param("remove_branches: true", Config(remove_branches=True), id="remove branches"),
        pytest.param("bots: ['renovate[bot]', ci-bot]", Config(bots=("renovate[bot]", "ci-bot")), id="bots"),
        pytest.param("\ufefflabel: epic", Config(label="epic"), id="byte order mark"),
    ],
)
def test_settings(text: str, config: Config) -> None:
    assert read_config(text) == (config, ())


@pytest.mark.parametrize(
    ("text", "line", "code", "says"),
    [
        pytest.param("label: plan\napprovls: 1", 2, "unknown-key", "`approvals`", id="unknown key, nearest"),
        pytest.param("merge-method: squash", 1, "unknown-key", "`merge_method`", id="unknown key, dash"),
        pytest.param("zzz: 1", 1, "unknown-key", "Known are `acceptance`", id="unknown key, nothing near"),
        pytest.param("checks:\n  - name: unit\n    ap: 1", 3, "unknown-key", "`app`", id="unknown key in a check"),
        pytest.param("? [a]\n: 1", 1, "unknown-key", "`?`", id="key that is no text"),
        pytest.param("mode: auto\nlabel: x\nmode: auto", 3, "duplicate-key", "first in line 1", id="twice"),
        pytest.param("label: &a x\nbots: [*a]", 2, "alias", "Write the value out", id="alias"),
        pytest.param("a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]", 2, "alias", "*name", id="alias bomb"),
        pytest.param("\nmode: [", 2, "syntax", "not YAML", id="no YAML"),
        pytest.param("mode: auto\n\tlabel: x", 2, "syntax", "not YAML", id="tab"),
        pytest.param("mode: auto\nlabel: \x01", 2, "syntax", "not allowed", id="forbidden character"),
        pytest.param("label: x\n---\nlabel: y", 2, "syntax", "another document", id="two documents"),
        pytest.param("[" * 3000, 0, "too-deep", "deeply", id="too deep"),
        pytest.param("label: " + "[" * 21 + "]" * 21, 0, "too-deep", "deeply", id="a little too deep"),
        pytest.param("label: " + "[" * 20 + "]" * 20, 1, "value", "`label`", id="not too deep"),
        pytest.param("- " * 3000, 0, "too-deep", "deeply", id="too deep without brackets"),
        pytest.param("#" * 65_537, 0, "too-large", "65536", id="too large"),
        pytest.param("#" + "ä" * 32_768, 0, "too-large", "65536", id="too large in bytes"),
        pytest.param("\n- label", 2, "value", "one setting a line", id="a list"),
        pytest.param("just words", 1, "value", "one setting a line", id="words"),
        pytest.param("label:", 1, "value", "1 to 50 characters", id="nothing"),
        pytest.param("label: 5", 1, "value", "`label`", id="a number for text"),
        pytest.param("label: on", 1, "value", "`label`", id="a switch for text"),
        pytest.param(f"label: {'x' * 51}", 1, "value", "`label`", id="label too long"),
        pytest.param("label: 'signalbox:done'", 1, "value", "`signalbox:`", id="label of a stage"),
        pytest.param("label: ' x'", 1, "value", "`label`", id="label with a space"),
        pytest.param("mode: off", 1, "value", "`auto` or `manual`", id="mode"),
        pytest.param("merge_method: fast-forward", 1, "value", "`squash`", id="merge method"),
        pytest.param("approvals: 11", 1, "value", "0 to 10", id="too many approvals"),
        pytest.param("approvals: -1", 1, "value", "0 to 10", id="negative"),
        pytest.param("approvals: 1.0", 1, "value", "0 to 10", id="not whole"),
        pytest.param("approvals: '1'", 1, "value", "0 to 10", id="text for a number"),
        pytest.param("approvals: yes", 1, "value", "0 to 10", id="a switch for a number"),
        pytest.param("approvals: 1:30", 1, "value", "0 to 10", id="base sixty"),
        pytest.param("approvals: 99999999999999999999999", 1, "value", "0 to 10", id="huge"),
        pytest.param("acceptance: maybe", 1, "value", "`true` or `false`", id="switch"),
        pytest.param("fresh_approvals: 2026-99-99", 1, "value", "`true` or `false`", id="no date either"),
        pytest.param("remove_branches: {}", 1, "value", "`true` or `false`", id="mapping"),
        pytest.param("verify: unit", 1, "value", "`[]` for none", id="one check of the base without a list"),
        pytest.param("verify: [signalbox]", 1, "value", "`verify`", id="our own check on the base"),
        pytest.param("verify:\n- unit\n- {name: e2e, ap: 5}", 3, "unknown-key", "`app`", id="unknown key for the base"),
        pytest.param("verify_timeout: never", 1, "value", "a day at most", id="no time limit"),
        pytest.param("on_red: revert", 1, "value", "`rollback_pull`, `rollback` or `hold`", id="on red"),
        pytest.param("on_red: true", 1, "value", "`hold`", id="on red as a switch"),
        pytest.param("already_red: 2", 1, "value", "`true` or `false`", id="a number for already red"),
        pytest.param("freeze_base: main", 1, "value", "`true` or `false`", id="a branch for the freeze"),
        pytest.param("update: always", 1, "value", "`always_current`", id="update"),
        pytest.param("update: true", 1, "value", "`never`", id="update as a switch"),
        pytest.param("forecast: 3", 1, "value", "`true` or `false`", id="a number for the forecast"),
        pytest.param("forecast_delay: 25h", 1, "value", "a day at most", id="forecast too late"),
        pytest.param("checks: unit", 1, "value", "a list", id="one check without a list"),
        pytest.param("checks:", 1, "value", "a list", id="checks left empty"),
        pytest.param("checks:\n- unit\n- 5", 3, "value", "a list", id="a number for a check"),
        pytest.param("checks:\n- unit\n- app: 5", 3, "value", "a list", id="check without a name"),
        pytest.param("checks:\n- {name: unit, app: 0}", 2, "value", "a list", id="no App"),
        pytest.param("checks:\n- unit\n- signalbox", 3, "value", "without `signalbox`", id="our own check"),
        pytest.param("checks: ['']", 1, "value", "a list", id="empty name"),
        pytest.param("checks_grace: soon", 1, "value", "`10m`", id="no duration"),
        pytest.param("checks_grace: 25h", 1, "value", "a day at most", id="too long"),
        pytest.param("checks_grace: 1441", 1, "value", "a day at most", id="too many minutes"),
        pytest.param("checks_grace: true", 1, "value", "`10m`", id="a switch for a duration"),
        pytest.param("branch_prefix: a..b", 1, "value", "branch's name", id="two dots"),
        pytest.param("branch_prefix: -a", 1, "value", "branch's name", id="dash"),
        pytest.param("branch_prefix: a//", 1, "value", "branch's name", id="empty part"),
        pytest.param("branch_prefix: /a", 1, "value", "branch's name", id="slash first"),
        pytest.param("branch_prefix: a.lock/", 1, "value", "branch's name", id="lock"),
        pytest.param("branch_prefix: a/.", 1, "value", "branch's name", id="hidden"),
        pytest.param("branch_prefix: 'a b/'", 1, "value", "branch's name", id="space"),
        pytest.param("branch_prefix: 'a@{'", 1, "value", "branch's name", id="at and brace"),
        pytest.param("branch_prefix: ''", 1, "value", "branch's name", id="no prefix"),
        pytest.param("bots: renovate", 1, "value", "bots' logins", id="one bot without a list"),
        pytest.param("bots:\n- ok\n- not a login", 3, "value", "bots' logins", id="no login"),
        pytest.param("mode: !!python/object:os.system x", 1, "value", "`auto`", id="a tag that runs nothing"),
        pytest.param("<<: {mode: auto}", 1, "unknown-key", "`<<`", id="merge key"),
    ],
)
def test_mistakes(text: str, line: int, code: str, says: str) -> None:
    config, problems = read_config(text)
    assert config is None
    assert len(problems) == 1
    assert (problems[0].line, problems[0].code) == (line, f"config-{code}")
    assert says in f"{problems[0].message} {problems[0].hint}"


def test_every_mistake_is_told_in_the_order_of_the_lines() -> None:
    config, problems = read_config("zzz: 1\nmode: sometimes\nlabel: x\nlabel: y\napprovals: x\n")
    assert config is None
    assert [(each.line, each.code) for each in problems] == [
        (1, "config-unknown-key"),
        (2, "config-value"),
        (4, "config-duplicate-key"),
        (5, "config-value"),
    ]


def test_the_example_has_every_setting_and_shows_the_defaults() -> None:
    text = EXAMPLE.read_text()
    assert read_config(text) == (Config(), ())
    uncommented = re.sub(r"(?m)^# (merge_method|verify|verify_workflow|checkpoint_every):", r"\1:", text)
    assert set(yaml.safe_load(uncommented)) == set(Config.__dataclass_fields__)
    config, _ = read_config(uncommented)
    assert config is not None


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(Config.__dataclass_fields__)), VALUES, max_size=4))
def test_any_value_gives_settings_or_mistakes(values: dict[str, Any]) -> None:
    config, problems = read_config(yaml.safe_dump(values))
    assert (config is None) == bool(problems)
    assert all(problem.line >= 0 and problem.message and problem.hint for problem in problems)


@given(st.text(max_size=200))
def test_any_text_gives_settings_or_mistakes(text: str) -> None:
    config, problems = read_config(text)
    assert (config is None) == bool(problems)
    assert all(
        0 <= problem.line <= text.count("\n") + text.count("\r") + text.count("\x85") + 3 for problem in problems
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" + ("[" * 300 + "]" * 300 + ",") * 108 + "]", id="brackets in brackets"),
        pytest.param("[" + ("[" * 18 + "]" * 18 + ",") * 1_700 + "]", id="a few in each other"),
        pytest.param("[" + "a," * 32_000 + "]", id="a long list"),
        pytest.param("- - - - - -\n" * 5_000, id="lists in lists"),
        pytest.param("".join(f"k{number}: 1\n" for number in range(6_000)), id="unknown settings"),
        pytest.param("label: " + "\n" * 65_000 + "x", id="ends of lines"),
        pytest.param("label: a" + " " * 65_000 + "x", id="spaces"),
    ],
)
def test_a_hostile_config_takes_no_long_time(text: str) -> None:
    started = time.thread_time()
    read_config(text)
    assert time.thread_time() - started < 2
