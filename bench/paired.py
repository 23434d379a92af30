"""Measures servers in pairs: reference and variant take turns in short slices of one run.

Each variant's slice is compared with the two reference slices beside it. A busy machine slows both alike, so the ratio
holds where the figures do not. Must not say what is good: that is each benchmark's.
"""

import asyncio
import hashlib
import hmac
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import IO, Any

from bench.load import GUID

SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - of nothing else
START_SECONDS = 60.0
ANSWER_SECONDS = 60.0  # that the last answers of a slice may take
PIPE_LIMIT = 1 << 26  # bytes of one report


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A signed request, all but its GUID."""

    event: str
    body: bytes
    secret: str = SECRET

    def request(self) -> str:
        """Return the request as GitHub sends it, as text that stands for bytes."""
        signature = hmac.new(self.secret.encode(), self.body, hashlib.sha256).hexdigest()
        head = (
            "POST /webhook HTTP/1.1\r\nHost: localhost\r\nUser-Agent: GitHub-Hookshot/0000000\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\nX-GitHub-Event: {self.event}\r\n"
            f"X-GitHub-Delivery: {GUID.decode()}\r\nX-GitHub-Hook-ID: 1\r\nX-GitHub-Hook-Installation-Target-ID: 1\r\n"
            f"X-GitHub-Hook-Installation-Target-Type: integration\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
        )
        return head + self.body.decode("latin-1")


@dataclass(slots=True, kw_only=True)
class Measured:
    """Slices of one server: requests a second, milliseconds of each answer, what became of them."""

    rates: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)  # GUIDs
    load_cpu: float = 0.0  # largest share of a core that the load generator took

    @property
    def rate(self) -> float:
        """The median of the slices."""
        return statistics.median(self.rates)

    def percentile(self, share: float) -> float:
        """Return the time in milliseconds within which that share of the answers came."""
        ordered = sorted(self.milliseconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True, slots=True)
class Pair:
    """A reference and a variant that took turns."""

    reference: Measured
    variant: Measured

    @property
    def ratio(self) -> float:
        """How much of the reference's throughput the variant has: the median over the slices."""
        return statistics.median(ratios(self.reference.rates, self.variant.rates))


def ratios(reference: Sequence[float], variant: Sequence[float]) -> list[float]:
    """Return each variant slice over the mean of the reference slices before and after it; there is one more of those."""
    beside = [(before + after) / 2 for before, after in pairwise(reference)]
    return [one / other for one, other in zip(variant, beside, strict=True)]


_number = count()  # of slices: no two deliveries of a run have the same GUID


class Load:
    """The load generator's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(
        self, port: int, webhook: Webhook, *, connections: int, seconds: float, into: Measured, limit: int | None = None
    ) -> None:
        """Send for so long, or so many, and add what came of it. Raises AssertionError unless every answer is a 202."""
        prefix = f"bench-{next(_number)}"
        order: dict[str, Any] = {"port": port, "connections": connections, "seconds": seconds, "prefix": prefix}
        order |= {"request": webhook.request()} | ({} if limit is None else {"limit": limit})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        report = json.loads(await asyncio.wait_for(self._process.stdout.readline(), seconds + ANSWER_SECONDS))
        if report["statuses"] != {"202": report["sent"]}:
            raise AssertionError(f"{report['sent']} webhooks were answered with {report['statuses']}")
        into.rates.append(report["sent"] / report["seconds"])
        into.milliseconds += report["milliseconds"]
        into.acknowledged |= {f"{prefix}-{number}" for number in range(report["sent"])}
        into.load_cpu = max(into.load_cpu, report["cpu"])


@asynccontextmanager
async def load() -> AsyncIterator[Load]:
    """Start the load generator."""
    async with python("-m", "bench.load", stdin=asyncio.subprocess.PIPE) as process:
        yield Load(process)


@asynccontextmanager
async def server(*arguments: str) -> AsyncIterator[int]:
    """Start one of `bench.servers`; gives its port."""
    async with python("-m", "bench.servers", *arguments) as process:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        yield int(line)


@asynccontextmanager
async def python(
    *arguments: str, stdin: int = asyncio.subprocess.DEVNULL, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python process beside this one; the end of its standard error is shown if the block fails."""
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=errors, env=environment,
            limit=PIPE_LIMIT,
        )  # fmt: skip
        try:
            yield process
        except Exception:
            print(_end_of(errors), file=sys.stderr)
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _end_of(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read()[-2000:].decode(errors="replace")


async def take_turns(
    by: Load, reference: int, variant: int, webhook: Webhook, *, connections: int, slices: int, seconds: float
) -> Pair:
    """Measure two servers by their ports, reference first and last, after a moment to warm up that does not count."""
    pair = Pair(Measured(), Measured())
    warm = Measured()
    await by.run(reference, webhook, connections=connections, seconds=seconds, into=warm)
    await by.run(variant, webhook, connections=connections, seconds=seconds, into=pair.variant)
    pair.variant.rates.clear()
    pair.variant.milliseconds.clear()
    for number in range(slices):
        if not number:
            await by.run(reference, webhook, connections=connections, seconds=seconds, into=pair.reference)
        await by.run(variant, webhook, connections=connections, seconds=seconds, into=pair.variant)
        await by.run(reference, webhook, connections=connections, seconds=seconds, into=pair.reference)
    return pair
