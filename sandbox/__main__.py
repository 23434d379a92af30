"""`python -m sandbox serve`: runs the stand-in on the loopback address until it is told to stop."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in GitHub on this machine")
    commands = top.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run it; prints one JSON line when it is ready")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free port")
    serve.add_argument("--data", type=Path, required=True, help="folder for repositories and state")
    serve.add_argument("--webhook-url", help="where the App's webhooks go")
    return top


async def serve(port: int, data: Path, webhook_url: str | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    from sandbox.server import start  # noqa: PLC0415 - `--help` should not load all of it

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with start(port=port, data=data, webhook_url=webhook_url) as sandbox:
        print(json.dumps(sandbox.info), flush=True)
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 after a clean stop, 1 if the port is taken."""
    given = parser().parse_args(arguments)
    try:
        asyncio.run(serve(given.port, given.data, given.webhook_url))
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
