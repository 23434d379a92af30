"""How a bot's name is written: REST says `signalbox[bot]`, GraphQL and the App's page say `signalbox`."""

SUFFIX = "[bot]"


def without_bot(login: str) -> str:
    """Return the App's slug of a bot's login; any other login is unchanged."""
    return login.removesuffix(SUFFIX)
