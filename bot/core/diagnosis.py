"""From an examination to symptoms: is the App allowed to work here, does it hear of things, can checks ever be green?

Pure. Used for the status comment and by `signalbox doctor`, so that both say the same. Must not forbid anything: gates do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from bot.core.config import Config, read_config
from bot.core.examination import Examination, Grant, Ground, Health, Sent, Symptom
from bot.core.facts import RequiredCheck
from bot.core.model import CONFIG_PATH, OWN_CHECK, MergeMethod
from bot.core.text import code, cut, when

FAILED_IN_A_ROW = 3  # webhooks; one or two are made up for by asking for them again
LEVELS = ("none", "read", "write", "admin")
LEVEL_WORDS = {"read": "read-only", "write": "read and write"}
NAMES_SHOWN = 6

SETTINGS_PAGE = "the App's settings page, under Permissions & events"


@dataclass(frozen=True, slots=True)
class _Need:
    level: str
    health: Health  # of its absence
    why: str  # "" = the App cannot even be installed without it


#: Each permission of app.yml, and what does not work without it.
PERMISSIONS: Mapping[str, _Need] = {
    "contents": _Need("write", Health.PROBLEM, "without it no branch is laid, nothing is merged and no checkpoint is kept"),
    "pull_requests": _Need("write", Health.PROBLEM, "without it no pull request is opened or taken out of draft"),
    "issues": _Need("write", Health.PROBLEM, "without it there is no status comment, no reaction and no reply"),
    "checks": _Need("write", Health.PROBLEM, f"without it the check {code(OWN_CHECK)} cannot be reported"),
    "metadata": _Need("read", Health.PROBLEM, "without it roles and branch rules cannot be read"),
    "statuses": _Need("write", Health.WARNING, "without it GitHub lets nobody pin a required check to this App"),
    "merge_queues": _Need("read", Health.WARNING, "without it merge groups get no check, so a merge queue would stand still"),
    "actions": _Need("write", Health.WARNING, "without it failed jobs are not run again and no workflow is started"),
}  # fmt: skip

#: Each event of app.yml that something is only noticed by in time; what is not here is found by the slow clock.
EVENTS: Mapping[str, tuple[Health, str]] = {
    "issue_comment": (Health.PROBLEM, "without it no slash command is ever heard"),
    "issues": (Health.PROBLEM, "without it a new plan is not noticed"),
}
LATE = "without it changes are noticed minutes later"
WANTED_EVENTS = (
    "branch_protection_rule", "check_run", "check_suite", "create", "delete", "issue_comment", "issues", "label",
    "merge_group", "pull_request", "pull_request_review", "push", "repository", "repository_ruleset", "status",
)  # fmt: skip


def diagnose(found: Examination, app_id: int) -> tuple[Symptom, ...]:
    """Return everything that was looked at, what is fine included, in a fixed order."""
    if found.granted is None:
        return (
            Symptom(
                code="not-installed", health=Health.PROBLEM,
                what=f"The App {code(found.slug)} is not installed on this repository, or there is no such repository",
                why="it may neither read nor write there", remedy="Install it there, or correct the name",
            ),
        )  # fmt: skip
    if found.suspended:
        return (
            Symptom(
                code="suspended", health=Health.PROBLEM, what="The installation is suspended",
                why="GitHub refuses everything that the App asks for",
                remedy=f"Unsuspend it in the installation's settings{_at(found.grants_url)}",
            ),
        )  # fmt: skip
    symptoms = [_fine("installed", f"The App {code(found.slug)} is installed")]
    symptoms += _permissions(found, found.granted)
    symptoms += _events(found, found.granted)
    symptoms += _webhooks(found)
    if found.ground is not None:
        symptoms += _ground(found.ground, app_id)
    return tuple(symptoms)


def is_protected(ground: Ground, app_id: int) -> bool:
    """Say whether the base requires our check, by us or by anybody."""
    return any(each.name == OWN_CHECK and each.app_id in {None, app_id} for each in ground.required)


def advisory(base: str) -> Symptom:
    """Return the symptom of a base that does not require our check."""
    return Symptom(
        code="advisory", health=Health.WARNING,
        what=f"{code(OWN_CHECK)} is not a required check on {code(base)}",
        why="it is advisory only: anybody who may write can merge past it, in any order",
        remedy=f"Require {code(OWN_CHECK)} in a branch rule of {code(base)}, with this App as its source",
    )  # fmt: skip


def other_source(base: str, app_id: int) -> Symptom:
    """Return the symptom of a base that wants our check from somebody else."""
    return Symptom(
        code="other-source", health=Health.PROBLEM,
        what=f"{code(OWN_CHECK)} is required on {code(base)}, but from App {app_id}, which is not this one",
        why="what this App reports does not count, so nothing can merge",
        remedy="Choose this App as the check's source in the branch rule",
    )  # fmt: skip


def forbidden_method(config: Config, allowed: frozenset[MergeMethod]) -> Symptom | None:
    """Return the symptom of a config that wants a way of merging that the repository forbids, None if it does not."""
    wanted = config.merge_method
    if wanted is None or wanted in allowed or not allowed:
        return None
    return Symptom(
        code="merge-method", health=Health.WARNING,
        what=f"{code(CONFIG_PATH)} says {code(f'merge_method: {wanted.value}')}, which the repository does not allow",
        why="pull requests are merged in another way that it allows",
        remedy="Allow it in the repository's settings, or change the line",
    )  # fmt: skip


def _fine(code_: str, what: str) -> Symptom:
    return Symptom(code=code_, health=Health.OK, what=what)


def _at(url: str) -> str:
    return f": {url}" if url else ""


def _permissions(found: Examination, granted: Grant) -> Iterator[Symptom]:
    lacking = False
    for area, need in PERMISSIONS.items():
        if _reaches(granted, area, need.level):
            continue
        lacking = True
        name = f"{area.replace('_', ' ').capitalize()}: {LEVEL_WORDS[need.level]}"
        asked = _reaches(found.wanted, area, need.level)
        remedy = f"An administrator accepts it in the installation's settings{_at(found.grants_url)}"
        if not asked:
            remedy = f"Add it on {SETTINGS_PAGE}; then an administrator accepts it{_at(found.grants_url)}"
        yield Symptom(
            code=f"permission-{area}", health=need.health, what=f"The App lacks the permission {code(name)}",
            why=need.why, remedy=remedy,
        )  # fmt: skip
    if not lacking:
        yield _fine("permissions", f"All {len(PERMISSIONS)} permissions are granted")


def _reaches(grant: Grant, area: str, level: str) -> bool:
    given = grant.permissions.get(area, "none")
    return given in LEVELS and LEVELS.index(given) >= LEVELS.index(level)


def _events(found: Examination, granted: Grant) -> Iterator[Symptom]:
    missing = [event for event in WANTED_EVENTS if event not in granted.events]
    for event in missing:
        if event in EVENTS:
            health, why = EVENTS[event]
            yield _unheard(event, (event,), health, why)
    late = tuple(event for event in missing if event not in EVENTS)
    if late:
        yield _unheard("some", late, Health.WARNING, LATE)
    if not missing:
        yield _fine("events", f"All {len(WANTED_EVENTS)} events are subscribed to")


def _unheard(name: str, events: tuple[str, ...], health: Health, why: str) -> Symptom:
    listed = ", ".join(code(event) for event in events)
    return Symptom(
        code=f"event-{name}", health=health, what=f"The App does not subscribe to {listed}", why=why,
        remedy=f"Subscribe on {SETTINGS_PAGE}",
    )  # fmt: skip


def _webhooks(found: Examination) -> Iterator[Symptom]:
    if not found.hook_url:
        yield Symptom(
            code="webhook-url", health=Health.PROBLEM, what="The App has no webhook URL",
            why="GitHub tells it nothing, so no plan and no command is noticed",
            remedy="Write this server's address with `/webhook` on the App's settings page",
        )  # fmt: skip
        return
    newest = found.sent[:FAILED_IN_A_ROW]
    if len(newest) == FAILED_IN_A_ROW and not any(_arrived(each) for each in newest):
        yield _unreachable(found.sent)
    elif found.sent:
        yield _fine("webhooks", f"Webhooks arrive, the last one on {when(found.sent[0].at)}")
    else:
        yield _fine("webhooks", "None of the App's newest webhooks was of this installation")


def _arrived(sent: Sent) -> bool:
    return 200 <= sent.status < 300


def _unreachable(sent: tuple[Sent, ...]) -> Symptom:
    run = list(takewhile(lambda each: not _arrived(each), sent))
    answers = {401: "its signature was refused: the webhook secrets differ"}
    how = answers.get(sent[0].status, f"status {sent[0].status}")
    return Symptom(
        code="webhooks-fail", health=Health.PROBLEM,
        what=f"All webhooks since {when(run[-1].at)} have failed ({how})",
        why="changes are noticed minutes later, and after 3 days a command is lost",
        remedy="Look at Advanced on the App's settings page, and whether this server can be reached from there",
    )  # fmt: skip


def _ground(ground: Ground, app_id: int) -> Iterator[Symptom]:
    if ground.archived:
        yield Symptom(
            code="archived", health=Health.PROBLEM, what="The repository is archived",
            why="nothing can be written there", remedy="Unarchive it",
        )  # fmt: skip
    if not ground.found:
        yield Symptom(
            code="base-missing", health=Health.PROBLEM, what=f"There is no branch {code(ground.base)}",
            why="nothing can be merged into it", remedy="Create it, or name another base",
        )  # fmt: skip
        return
    yield from _own_check(ground, app_id)
    yield from _other_checks(ground, app_id)
    yield from _settings(ground)


def _own_check(ground: Ground, app_id: int) -> Iterator[Symptom]:
    own = [each for each in ground.required if each.name == OWN_CHECK]
    foreign = [each.app_id for each in own if each.app_id not in {None, app_id}]
    if foreign and foreign[0] is not None:
        yield other_source(ground.base, foreign[0])
    elif not own:
        yield advisory(ground.base)
    elif all(each.app_id is None for each in own):
        yield Symptom(
            code="unpinned", health=Health.WARNING,
            what=f"{code(OWN_CHECK)} is required on {code(ground.base)}, but from any source",
            why="anybody who may write could report a check of that name and merge past it",
            remedy="Choose this App as the check's source in the branch rule",
        )  # fmt: skip
    else:
        yield _fine("required", f"{code(OWN_CHECK)} is required on {code(ground.base)}, from this App")


def _other_checks(ground: Ground, app_id: int) -> Iterator[Symptom]:
    """Required checks that nobody reports: a pull would wait for them for ever."""
    others = [each for each in ground.required if each.name != OWN_CHECK]
    silent = [each for each in others if not _is_reported(each, ground)]
    for each in silent:
        yield _never(each, ground)
    if others and not silent:
        names = ", ".join(code(cut(each.name, 60)) for each in others[:NAMES_SHOWN])
        yield _fine("checks", f"Every other required check is reported: {names}")


def _is_reported(check: RequiredCheck, ground: Ground) -> bool:
    # GitHub compares a status's context without regard to case
    return any(
        name.casefold() == check.name.casefold() and check.app_id in {None, app} for name, app in ground.reported
    )


def _never(check: RequiredCheck, ground: Ground) -> Symptom:
    shown = code(cut(check.name, 80))
    elsewhere = [app for name, app in ground.reported if name.casefold() == check.name.casefold()]
    if elsewhere:
        what = f"{shown} is required from App {check.app_id}, but only others report it"
        remedy = "Choose the App that reports it as its source in the branch rule, or any source"
    else:
        source = f" by App {check.app_id}" if check.app_id is not None else ""
        what = f"{shown} is required on {code(ground.base)}, but none of {ground.heads} recent heads has it{source}"
        remedy = "Correct its name in the branch rule, have CI report it, or take it out of the rule"
    # where nothing at all was reported yet, CI may only have had no reason to run
    works = any(name != OWN_CHECK for name, _ in ground.reported)
    health = Health.PROBLEM if works else Health.WARNING
    return Symptom(
        code="never-reported", health=health, what=what, why="GitHub waits for it for ever, so nothing can merge",
        remedy=remedy,
    )  # fmt: skip


def _settings(ground: Ground) -> Iterator[Symptom]:
    config, mistakes = read_config(ground.config_source) if ground.config_source is not None else (Config(), ())
    if mistakes:
        first = mistakes[0]
        yield Symptom(
            code="config", health=Health.PROBLEM,
            what=f"{code(CONFIG_PATH)} has a mistake in line {first.line}: {first.message}",
            why="nothing of the file counts while it has one", remedy=first.hint,
        )  # fmt: skip
    elif config is not None and (wrong := forbidden_method(config, ground.merge_methods)) is not None:
        yield wrong
    else:
        yield _fine(
            "settings", f"{code(CONFIG_PATH)} is fine" if ground.config_source is not None else "No settings of its own"
        )
