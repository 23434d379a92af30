"""The command line: `python -m bot` is `signalbox`."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from bot.core.plan.lint import lint
from bot.core.text import printed
from bot.errors import SettingsError

EXIT_USAGE = 2  # as argparse says it
EXIT_SETTINGS = 78  # sysexits.h EX_CONFIG
STATES = ("new", "done", "ignored", "parked")  # of deliveries
UNFINISHED = ("new", "parked")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    given = _parser().parse_args(arguments)
    if given.command == "lint":
        return _lint(given.file, given.format)
    return _run(given)


def _run(given: argparse.Namespace) -> int:
    """Run a command that needs the settings; the server commands run until they are stopped."""
    # The server's libraries take most of a second to load: `lint` and `--help` do without.
    from bot import app, console, log  # noqa: PLC0415
    from bot.settings import Settings  # noqa: PLC0415

    try:
        settings = Settings.load()
    except SettingsError as error:
        print("Signalbox cannot start. These settings are missing or wrong:", file=sys.stderr)
        for problem in error.problems:
            print(f"  - {problem}", file=sys.stderr)
        return EXIT_SETTINGS
    log.configure(settings.log_level, secrets=settings.secrets)
    match given.command:
        case "deliveries":
            return asyncio.run(_deliveries(settings.database_url, given))
        case "log":
            export = console.export_trail(settings.database_url, *given.about, as_json=given.json)
            return asyncio.run(export)
        case "migrate":
            asyncio.run(app.migrate(settings))
        case "rebuild":
            done = asyncio.run(app.rebuild(settings, *given.about, force=given.force))
            print("\n".join(printed(line) for line in done.lines), file=sys.stderr if done.exit_code else sys.stdout)
            return done.exit_code
        case "doctor":
            report = asyncio.run(app.doctor(settings, given.repository, given.base))
            print(report.to_json() if given.json else report.to_text())
            return report.exit_code
        case side:
            asyncio.run(app.serve(settings, web_side=side != "worker", worker_side=side != "web"))
    return 0


async def _deliveries(url: str, given: argparse.Namespace) -> int:
    from bot import console  # noqa: PLC0415

    if given.action is None:
        return await console.list_deliveries(url, [given.state] if given.state else UNFINISHED, as_json=given.json)
    if bool(given.guids) is given.all_parked:
        print("Name the deliveries to replay, or say --all-parked.", file=sys.stderr)
        return EXIT_USAGE
    return await console.replay(url, None if given.all_parked else given.guids)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signalbox", description="A plan in an issue, merged in its order.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="receive webhooks and work, in one process")
    commands.add_parser("web", help="only receive webhooks (needs a `worker` on the same database)")
    commands.add_parser("worker", help="only work")
    commands.add_parser("migrate", help="bring the database to the newest form and exit")
    rebuild = commands.add_parser(
        "rebuild", help="restore a plan from GitHub if the database lost it: exit 0 restored, 1 not"
    )
    rebuild.add_argument("about", metavar="OWNER/REPO#N", type=_plan)
    rebuild.add_argument("--force", action="store_true", help="also if the plan is known: replace what is known of it")
    doctor = commands.add_parser(
        "doctor",
        help="say what is wrong with a repository's set-up and its plans: exit 0 nothing, 1 problems, 2 unseen",
    )
    doctor.add_argument("repository", metavar="OWNER/REPO", type=_repository)
    doctor.add_argument("--base", help="the branch that plans merge into, if not the default branch")
    doctor.add_argument("--json", action="store_true", help="for programs")
    _add_console(commands)
    linter = commands.add_parser(
        "lint", help="read a plan and say what Signalbox understands and what is wrong with it"
    )
    linter.add_argument("file", metavar="FILE", help="a markdown file; - reads standard input")
    linter.add_argument("--format", choices=("text", "json", "mermaid", "markdown"), default="text")
    return parser


def _add_console(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what an operator asks of the database."""
    deliveries = commands.add_parser(
        "deliveries", help="list the webhooks that wait or are parked, or replay parked ones"
    )
    deliveries.add_argument("--state", choices=STATES, help="only those in this state, finished ones too")
    deliveries.add_argument("--json", action="store_true", help="one JSON object a line")
    replay = deliveries.add_subparsers(dest="action", metavar="").add_parser("replay", help="take parked ones in again")
    replay.add_argument("guids", nargs="*", metavar="GUID")
    replay.add_argument("--all-parked", action="store_true", help="all of them")
    trail = commands.add_parser("log", help="print the audit trail of a plan, or of a repository's other pull requests")
    trail.add_argument("about", metavar="OWNER/REPO[#N]", type=_about)
    trail.add_argument("--json", action="store_true", help="one JSON object a line")


def _about(text: str) -> tuple[str, int]:
    name, _, number = text.partition("#")
    if number and not (number.isascii() and number.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form OWNER/REPO#N")
    return _repository(name), int(number or 0)


def _plan(text: str) -> tuple[str, int]:
    repository, number = _about(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form OWNER/REPO#N")
    return repository, number


def _repository(text: str) -> str:
    owner, slash, name = text.partition("/")
    if not owner or not slash or not name or "/" in name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form OWNER/REPO")
    return text


def _lint(file: str, form: str) -> int:
    """Read a plan: 0 fine, 1 problems that block a start, 2 not readable."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: cannot be read: {error}", file=sys.stderr)
        return 2
    report = lint(text, name=file)
    match form:
        case "json":
            print(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
        case "mermaid":
            print(report.to_mermaid())
        case "markdown":
            print(report.to_markdown(), end="")
        case _:
            print(report.to_text())
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
