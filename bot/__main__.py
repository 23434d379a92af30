"""The command line: `python -m bot` is `signalbox`."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from bot.core.plan.lint import lint
from bot.errors import SettingsError

EXIT_SETTINGS = 78  # sysexits.h EX_CONFIG


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    given = _parser().parse_args(arguments)
    if given.command == "lint":
        return _lint(given.file, given.format)
    return _run(given.command)


def _run(command: str) -> int:
    """Run a server command until it is stopped."""
    # The server's libraries take most of a second to load: `lint` and `--help` do without.
    from bot import app, log  # noqa: PLC0415
    from bot.settings import Settings  # noqa: PLC0415

    try:
        settings = Settings.load()
    except SettingsError as error:
        print("Signalbox cannot start. These settings are missing or wrong:", file=sys.stderr)
        for problem in error.problems:
            print(f"  - {problem}", file=sys.stderr)
        return EXIT_SETTINGS
    log.configure(settings.log_level, secrets=[settings.github_webhook_secret.get_secret_value()])
    match command:
        case "migrate":
            asyncio.run(app.migrate(settings))
        case side:
            asyncio.run(app.serve(settings, web_side=side != "worker", worker_side=side != "web"))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signalbox", description="A plan in an issue, merged in its order.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="receive webhooks and work, in one process")
    commands.add_parser("web", help="only receive webhooks (needs a `worker` on the same database)")
    commands.add_parser("worker", help="only work")
    commands.add_parser("migrate", help="bring the database to the newest form and exit")
    linter = commands.add_parser(
        "lint", help="read a plan and say what Signalbox understands and what is wrong with it"
    )
    linter.add_argument("file", metavar="FILE", help="a markdown file; - reads standard input")
    linter.add_argument("--format", choices=("text", "json", "mermaid", "markdown"), default="text")
    return parser


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
