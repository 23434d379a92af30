"""Puts the stand-in together and runs it on one loopback port: REST, GraphQL, git, pages and the knobs."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox import control, genesis, smart_http
from sandbox.graphql import mount as mount_graphql
from sandbox.limits import LIMITS, RateLimits
from sandbox.middleware import api_middleware
from sandbox.model import Json
from sandbox.pages import mount as mount_pages
from sandbox.rest import actions, apps, checks, git_data, issues, pulls, repositories, rules
from sandbox.rest.call import WORLD
from sandbox.world import World

HOST = "127.0.0.1"
BODY_LIMIT = 1 << 30  # pushes arrive in one body
SAVE_EVERY_SECONDS = 5.0
SAVE_SHARE = 0.02  # of the time: a large state takes seconds to write, in which nobody is answered


@dataclass
class Sandbox:
    """A running stand-in: `info` is the JSON line of `serve`, `world` its state."""

    info: Json
    world: World


def build_app(world: World) -> web.Application:
    """Return the application; the more special paths come first, the pages last."""
    app = web.Application(middlewares=[api_middleware], client_max_size=BODY_LIMIT)
    app[WORLD] = world
    app[LIMITS] = RateLimits(world)
    app[control.REQUESTS] = []
    app.on_shutdown.append(_forget_what_is_late)
    for area in (apps, rules, checks, actions, pulls, issues, git_data, repositories, control):
        app.add_routes(area.routes)
    mount_graphql(app, world)
    smart_http.mount(app)
    mount_pages(app, world)
    return app


async def _forget_what_is_late(app: web.Application) -> None:
    for each in app[WORLD].late:
        each.cancel()


async def _keep_saved(world: World) -> None:
    """Save now and then, so that a killed process loses little of its last work."""
    took = 0.0
    while True:
        await asyncio.sleep(max(SAVE_EVERY_SECONDS, took / SAVE_SHARE))
        if world.unsaved:
            began = time.monotonic()
            world.save()
            took = time.monotonic() - began


@asynccontextmanager
async def start(*, port: int, data: Path, webhook_url: str | None = None) -> AsyncIterator[Sandbox]:
    """Run the stand-in until the block ends; `port` 0 takes a free one. The data folder keeps everything."""
    world = World(data)
    data.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, before anything is served
    async with AsyncExitStack() as closing:
        listener = socket.create_server((HOST, port))
        closing.callback(listener.close)
        world.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
        if not world.load():
            await genesis.populate(world)
        app = world.app("signalbox")
        if webhook_url and app:
            app.hook_url = webhook_url
        closing.callback(world.save)
        runner = web.AppRunner(build_app(world), access_log=None, shutdown_timeout=1.0)
        closing.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        await world.hooks.start()
        closing.push_async_callback(world.hooks.stop)
        saver = asyncio.create_task(_keep_saved(world))
        closing.callback(saver.cancel)
        yield Sandbox(genesis.info(world), world)
