"""What the operator decides, from the environment and a `.env` file; read once at the start and passed on as values.

Must not be imported by anything but app.py and __main__.py. Says everything that is wrong at once, and never a secret.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, quote_plus, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)  # fmt: skip
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import SettingsError

PUBLIC_API = "https://api.github.com"

#: The driver behind each scheme that platforms and people write.
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

#: What to set, for each setting that may be missing or wrong.
HINTS = {
    "github_app_id": "the number that the App's settings page on GitHub shows as App ID",
    "github_private_key": "the private key that the App's settings page generates (PEM), or set GITHUB_PRIVATE_KEY_FILE",
    "github_private_key_file": "the path of the private key that the App's settings page generates",
    "github_webhook_secret": "the webhook secret from the App's settings page, 8 characters or more",
    "github_api_url": f"{PUBLIC_API}, or https://HOST/api/v3 for an Enterprise Server",
    "github_graphql_url": "leave it out, unless the address of GraphQL does not follow from GITHUB_API_URL",
    "database_url": "sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME",
    "host": "the address to listen on, 0.0.0.0 for all",
    "port": "the port to listen on, 1 to 65535, or 0 to let the system choose",
    "metrics_port": "the port on which a worker without a web side shows its metrics, 1 to 65535, or leave it out",
    "log_level": "debug, info, warning or error",
    "workers": "how many turns may run at once, 1 to 64",
    "resync_seconds": "after how many seconds everything open is looked at again, 1 or more",
}


def _address(value: str) -> str:
    value = value.strip().rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is not an http or https address")
    if parts.username is not None:
        raise ValueError("must not carry a user or a password")
    return value


Address = Annotated[str, BeforeValidator(_address)]


class Settings(BaseSettings):
    """Everything that the operator can set, checked. Made by `Settings.load`; its repr shows no secret."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    github_app_id: int = Field(gt=0)
    github_private_key: SecretStr  # PEM text of an RSA key, also if it was given as a file
    github_webhook_secret: SecretStr = Field(min_length=8)
    github_api_url: Address = PUBLIC_API  # no slash at the end
    github_graphql_url: Address = Field(default="", validate_default=True)  # "" = follows from github_api_url
    database_url: str = Field(default="sqlite+aiosqlite:///signalbox.sqlite3", repr=False)  # may carry a password
    host: str = "0.0.0.0"  # noqa: S104 - a server in a container is spoken to from outside
    port: int = Field(default=8080, ge=0, le=65535)  # 0 = the system chooses
    metrics_port: int | None = Field(default=None, ge=0, le=65535)  # None = `signalbox worker` listens nowhere
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    workers: int = Field(default=2, ge=1, le=64)  # turns at once
    resync_seconds: int = Field(default=300, ge=1)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, env_file: str | Path | None = ".env") -> Self:
        """Read the environment (default: the process's), and for what it leaves out the file, which need not exist.

        An empty value counts as left out. Raises SettingsError with a line for every setting that is missing or wrong.
        """
        try:
            written = DotEnvSettingsSource(cls, env_file=env_file).env_vars if env_file is not None else {}
        except (OSError, UnicodeError) as error:
            raise SettingsError([f"{env_file} is not a text file in UTF-8 ({type(error).__name__})."]) from None
        outside = os.environ if environ is None else environ
        given = {**written, **{name.lower(): value for name, value in outside.items() if value}}
        values: dict[str, Any] = {name: given[name] for name in HINTS if given.get(name)}
        problems = _read_key_file(values)
        key_was_named = bool(problems)
        try:
            settings = cls(**values)
        except ValidationError as error:
            for each in sorted(error.errors(), key=lambda each: list(HINTS).index(str(each["loc"][0]))):
                name = str(each["loc"][0])
                if not (key_was_named and name == "github_private_key"):  # said already
                    problems.append(_problem(name, each["msg"] if name in values else "is missing"))
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything in here that must never be shown, as it is and as it may be written in an address."""
        password = make_url(self.database_url).password
        known = [self.github_webhook_secret.get_secret_value(), self.github_private_key.get_secret_value()]
        return (
            *known,
            *([str(password), quote_plus(str(password)), quote(str(password), safe="")] if password else []),
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load` alone, so that a test's environment is all there is."""
        return (init_settings,)

    @field_validator("github_private_key", mode="before")
    @classmethod
    def _key(cls, value: str) -> str:
        return _checked_key(value)

    @field_validator("github_graphql_url", mode="before")
    @classmethod
    def _graphql(cls, value: str, info: ValidationInfo) -> str:
        return value or _graphql_of(info.data.get("github_api_url", PUBLIC_API))

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return _checked_database(value)

    @field_validator("log_level", mode="before")
    @classmethod
    def _level(cls, value: str) -> str:
        return value.lower()


def _problem(name: str, message: str) -> str:
    return f"{name.upper()} {message.removeprefix('Value error, ')}. Set it to {HINTS[name]}."


def _read_key_file(values: dict[str, Any]) -> list[str]:
    """Put the text of the key file in the place of its path; return what is wrong with that."""
    name = "github_private_key_file"
    path = values.pop(name, None)
    if path is None:
        return []
    if "github_private_key" in values:
        return [_problem(name, "and GITHUB_PRIVATE_KEY are both set; keep one")]
    try:
        values["github_private_key"] = Path(path).expanduser().read_text(encoding="utf-8")
        _checked_key(values["github_private_key"])
    except OSError as error:
        return [_problem(name, f"cannot be read ({error.strerror}: {path})")]
    except ValueError as error:  # a UnicodeDecodeError is one too, and would quote the key
        wrong = "is not text" if isinstance(error, UnicodeError) else str(error)
        return [_problem(name, f"names a file that {wrong} ({path})")]
    return []


@lru_cache(maxsize=2)
def _checked_key(value: str) -> str:
    """Return PEM text with real line ends, which many platforms' forms turn into a backslash and an n."""
    pem = value.replace("\\n", "\n").strip()
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is not an RSA private key in PEM form without a password") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("is a private key, but not an RSA one")  # noqa: TRY004 - pydantic collects ValueError
    return f"{pem}\n"


def _checked_database(value: str) -> str:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # a ValueError would quote the password
        raise ValueError("is not a database address; in a password @ : / have to be escaped as %40 %3A %2F") from None
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise ValueError(f"names {url.drivername}, which Signalbox cannot use")
    if find_spec(driver.partition("+")[2]) is None:
        raise ValueError(f"needs the package {driver.partition('+')[2]}, which is not installed")
    if (
        driver.endswith("+asyncpg") and "sslmode" in url.query
    ):  # libpq's name for it, in the addresses that platforms give
        query = {**url.query, "ssl": url.query["sslmode"]}
        url = url.set(query={name: value for name, value in query.items() if name != "sslmode"})
    return url.set(drivername=driver).render_as_string(hide_password=False)


def _graphql_of(api_url: str) -> str:
    """Return where GraphQL is, beside a REST address.

    https://docs.github.com/en/enterprise-server@latest/graphql/guides/managing-enterprise-accounts names /api/graphql.
    """
    if api_url.endswith("/api/v3"):
        return f"{api_url.removesuffix('/v3')}/graphql"
    return f"{api_url}/graphql"
