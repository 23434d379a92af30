"""The tables. All times are UTC; ids of GitHub's that are numbers are 64 bit.

Must not hold a query: those are in the modules named after what they are about.
A change here needs a migration; a test compares the two.
"""

from datetime import UTC, datetime

import lz4.frame
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)  # fmt: skip
from sqlalchemy.types import TypeDecorator

#: SQLite counts up only a key of the type INTEGER, which is 64 bit there anyway.
BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite keeps no zone: it is taken off on the way in, put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: nobody can say which moment it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone: {value.isoformat()}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_LZ4_FRAME = b"\x04\x22\x4d\x18"  # https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md


def pack(body: bytes) -> bytes:
    """Compress what GitHub sent: to a quarter, in a few microseconds, and writing the rest would take far longer."""
    return lz4.frame.compress(body) if body else body


def unpack(stored: bytes) -> bytes:
    """Return what was packed. What an older version stored as it came begins with a brace, and is returned as it is."""
    unpacked: bytes = lz4.frame.decompress(stored) if stored.startswith(_LZ4_FRAME) else stored
    return unpacked


class Packed(TypeDecorator[bytes]):
    """Bytes that are kept compressed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Pack it on the way in."""
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Unpack it on the way out."""
        return None if value is None else unpack(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: What GitHub sent, one row per event. A redelivery has the GUID of the first try.
deliveries = Table(
    "deliveries",
    metadata,
    Column("guid", String(100), primary_key=True),  # X-GitHub-Delivery
    Column("event", String(100), nullable=False),  # X-GitHub-Event
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", Packed, nullable=False),  # as it came; emptied once it is finished
    Column("state", String(10), nullable=False),  # new, done, ignored or parked
    Column("attempts", Integer, nullable=False, server_default="0"),  # how often taking it in failed
    Column("due_at", UtcDateTime),  # not before; NULL = at once
    Column("error", Text),  # of the last attempt
    Index(None, "state", "received_at"),
)

_WAITING = text("due_at IS NOT NULL")

#: The work queue. A lane is one plan or one repository; it is its own work item, and one worker at a time has it.
lanes = Table(
    "lanes",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", String(10), nullable=False),  # "plan" or "repository"
    Column("installation_id", BigInteger, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("full_name", String(200), nullable=False),  # "owner/name", as last heard
    Column("number", BigInteger, nullable=False),  # of the plan's issue; 0 for a repository
    Column("due_at", UtcDateTime),  # when the next turn is due; NULL = only a wake brings one
    Column("wake_seq", BigInteger, nullable=False, server_default="0"),  # how often it was woken
    Column("urgent", Boolean, nullable=False, server_default=false()),  # false = it is due only because of the time
    Column("look_at", UtcDateTime),  # when its newest turn ended, or when the look comes that it has been given
    Column("lease_token", String(36)),  # whose it is; NULL = nobody's
    Column("lease_until", UtcDateTime),  # by the database's clock
    Column("failures", Integer, nullable=False, server_default="0"),  # turns in a row that left something open
    Column("error", Text),  # of the last turn
    Column("finished", Boolean, nullable=False, server_default=false()),  # true = it is a plan's that is over, not open
    UniqueConstraint("kind", "repository_id", "number"),
    Index(None, "due_at"),
    Index(None, "urgent", "due_at"),
    # of what is not at rest: whose turn it is among the installations
    Index(None, "urgent", "installation_id", "due_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index(None, "repository_id"),
    Index(None, "repository_id", "finished"),
)

#: What a plan remembers. Written only by who holds its lane.
plans = Table(
    "plans",
    metadata,
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="CASCADE"), primary_key=True),
    Column("memory", Text, nullable=False),  # JSON of bot.core.memory.Memory
    Column("issue_node_id", String(200)),
    Column("repository_node_id", String(200)),
    Column("base", String(255)),  # NULL = not read yet
    Column("started", Boolean, nullable=False, server_default=false()),
    Column("open", Boolean, nullable=False, server_default=true()),  # false = nothing will change any more by itself
    Index(None, "open"),
)

#: Which branches and pulls belong to which plan, so that a push or a review finds it.
plan_branches = Table(
    "plan_branches",
    metadata,
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="CASCADE"), primary_key=True),
    Column("branch", String(255), primary_key=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),  # the workstream's
    Column("pull_number", BigInteger),  # NULL = no pull yet
    Index(None, "repository_id", "branch"),
    Index(None, "repository_id", "pull_number"),
)

#: The turn on a base branch: one plan has it at a time. The row stays when nobody does.
trains = Table(
    "trains",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("base", String(255), primary_key=True),
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="SET NULL")),  # whose turn it is; NULL = nobody's
    Column("since", UtcDateTime),  # when that plan got it
    Column("doing", Text, nullable=False, server_default=""),  # what that plan does, safe markdown
    Column("offered_at", UtcDateTime),  # when those who wait were last told that it is free
    Column("shown", Text),  # the freeze that the checks of all open pulls outside plans show; NULL = none
    Index(None, "lane_id"),
)

#: Which plans wait for the turn on a base, and which freeze it.
train_plans = Table(
    "train_plans",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("base", String(255), primary_key=True),
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="CASCADE"), primary_key=True),
    Column("waiting_since", UtcDateTime),  # since when it may merge but for its turn; NULL = it does not wait
    Column("waiting_key", Text),  # the workstream that waits
    Column("frozen", Text),  # why nobody else may merge, safe markdown; NULL = it does not freeze the base
    Column("outside", Boolean, nullable=False, server_default=false()),  # the freeze stops pulls outside plans too
    Index(None, "lane_id"),
)

#: Slash commands and pressed buttons. They are edges, and an edge must be stored to become a level.
commands = Table(
    "commands",
    metadata,
    Column("id", BigId, primary_key=True),  # rises with arrival
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="CASCADE"), nullable=False),
    Column("source", String(200), nullable=False, unique=True),  # see commands.py
    Column("verb", Text, nullable=False),
    Column("words", JSON, nullable=False),  # list of strings
    Column("text", Text, nullable=False),
    Column("author", String(100), nullable=False),
    Column("author_is_bot", Boolean, nullable=False),
    Column("pull", BigInteger),  # NULL = said on the plan's issue
    Column("subject", String(200), nullable=False),  # node id of the issue or pull
    Column("comment", String(200)),  # node id; NULL = a pressed button
    Column("comment_url", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String(10), nullable=False),  # pending, answered (decided, not yet shown) or closed
    Column("answer", Text),  # JSON of bot.core.facts.Answer
    Column("delivery", String(100)),  # GUID of the delivery that brought it; NULL = not known
    Index(None, "lane_id", "state"),
)

#: What must not be done twice is written down before it is tried.
journal = Table(
    "journal",
    metadata,
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("state", String(10), nullable=False),  # intended or done
    Column("intended_at", UtcDateTime, nullable=False),
    Column("result", Text),  # node id of what was made
)

#: Who asked for what, what was done and why, how it ended. Only ever added to; `outcome` and what follows from it are
#: filled in once, when the action's end is known.
audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),  # rises with time
    Column("lane_id", BigId, ForeignKey("lanes.id", ondelete="CASCADE"), nullable=False),
    Column("turn", String(8), nullable=False),  # the beginning of the lease's token, as in the log
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(10), nullable=False),  # of bot.core.facts.AuditKind
    Column("actor", String(100), nullable=False),  # login; "" = Signalbox by itself
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("sha", String(64)),  # the commit that it was judged by or is about
    Column("outcome", String(10)),  # NULL = not known (yet)
    Column("detail", Text, nullable=False, server_default=""),  # the answer, or GitHub's words
    Column("result", Text, nullable=False, server_default=""),  # node id or sha of what came of it
    Column("source", String(200), nullable=False, server_default=""),  # as in commands
    Column("delivery", String(100), nullable=False, server_default=""),  # as in commands
    Index(None, "lane_id", "id"),
    Index(None, "actor", "at"),
)
