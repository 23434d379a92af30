"""What is forgotten, and after how long: what is finished or was long left alone, in batches, each in a transaction of its own.

Must not delete what somebody may still have to see or to do.
"""

from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.store import audit, inbox, journal
from bot.store.db import Database

log = structlog.get_logger()

BATCH = 1000  # rows of one transaction: it holds up others for some milliseconds
MOST_BATCHES = 20  # of each kind at a time; the rest waits for the next time
ROOM = 1 << 30  # bytes that the bodies of parked deliveries may take, as they are stored

#: A delivery's GUID is what tells a repeated one: GitHub can be asked to repeat it for 3 days, a person may be slower.
#: https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
AGES = (
    (inbox.prune, timedelta(days=30)),
    # nobody had it replayed, or there are too many: else they would fill the disk
    (partial(inbox.prune, states=("parked",)), timedelta(days=90)),
    (partial(inbox.prune_parked, room=ROOM), timedelta(0)),
    (journal.prune, timedelta(days=90)),
    (audit.prune, timedelta(days=365)),  # after the plan's end: until then it is somebody's answer to "who did that?"
)


async def forget(database: Database, now: datetime) -> int:
    """Delete what is old enough; return how many rows. Several processes may do it at once.

    A failure is logged and left for the next time; it keeps nothing else from being forgotten.
    """
    forgotten = 0
    for prune, age in AGES:
        try:
            for _ in range(MOST_BATCHES):
                async with database.session() as session:
                    gone = await prune(session, now - age, BATCH)
                forgotten += gone
                if gone < BATCH:
                    break
        except SQLAlchemyError as error:
            log.error("retention.failed", error=str(error), kind=type(error).__name__)  # noqa: TRY400 - the trace says no more
    if forgotten:
        log.info("retention.forgotten", rows=forgotten)
    return forgotten
