from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bot.errors import SettingsError
from bot.settings import Settings


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked
    ).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY = pem(RSA)
GOOD = {"GITHUB_APP_ID": "12", "GITHUB_PRIVATE_KEY": KEY, "GITHUB_WEBHOOK_SECRET": "open sesame"}


def load(**changed: str | None) -> Settings:
    given = {**GOOD, **changed}
    return Settings.load({name: value for name, value in given.items() if value is not None}, env_file=None)


def problems(**changed: str | None) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(**changed)
    return raised.value.problems


def test_three_settings_are_enough() -> None:
    settings = load()
    assert settings.github_private_key.get_secret_value() == KEY
    assert settings.model_dump(exclude={"github_private_key", "github_webhook_secret"}) == {
        "github_app_id": 12,
        "github_api_url": "https://api.github.com",
        "github_graphql_url": "https://api.github.com/graphql",
        "database_url": "sqlite+aiosqlite:///signalbox.sqlite3",
        "host": "0.0.0.0",
        "port": 8080,
        "metrics_port": None,
        "log_level": "info",
        "workers": 2,
        "resync_seconds": 300,
    }


def test_its_secrets_are_known_as_they_are_and_as_an_address_writes_them() -> None:
    settings = load(database_url="sqlite+aiosqlite://bob:p4ss%20w%2Ford@/x.sqlite3")
    assert set(settings.secrets) == {"p4ss w/ord", "p4ss+w%2Ford", "p4ss%20w%2Ford", KEY, "open sesame"}
    assert load().secrets == ("open sesame", KEY)


def test_every_missing_setting_is_named_with_what_to_do() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.load({}, env_file=None)
    names = [problem.split(" is missing. Set it to ")[0] for problem in raised.value.problems]
    assert names == ["GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("GITHUB_APP_ID", "Iv1.abc", "valid integer", id="client id for app id"),
        pytest.param("GITHUB_APP_ID", "0", "greater than 0", id="app id 0"),
        pytest.param("GITHUB_APP_ID", "", "is missing", id="empty is missing"),
        pytest.param("GITHUB_PRIVATE_KEY", "certainly no key", "not an RSA private key", id="no key"),
        pytest.param("GITHUB_PRIVATE_KEY", pem(RSA, b"pw"), "without a password", id="locked key"),
        pytest.param("GITHUB_PRIVATE_KEY", pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA one", id="EC key"),
        pytest.param("GITHUB_PRIVATE_KEY_FILE", "/nowhere/key.pem", "both set", id="two keys"),
        pytest.param("GITHUB_WEBHOOK_SECRET", "short", "at least 8", id="short secret"),
        pytest.param("GITHUB_API_URL", "api.github.com", "not an http or https address", id="no scheme"),
        pytest.param("GITHUB_API_URL", "https://u:pw@ghe.example/api/v3", "must not carry", id="password in address"),
        pytest.param("GITHUB_GRAPHQL_URL", "ftp://x", "not an http or https address", id="graphql"),
        pytest.param("DATABASE_URL", "signalbox.sqlite3", "not a database address", id="path for address"),
        pytest.param("DATABASE_URL", "mysql://host/name", "names mysql", id="another database"),
        pytest.param("DATABASE_URL", "postgres://bob:p@ss:hunter2@db:5432/x", "%40 %3A", id="password not escaped"),
        pytest.param("PORT", "65536", "less than or equal to 65535", id="port"),
        pytest.param("LOG_LEVEL", "loud", "'debug'", id="log level"),
        pytest.param("WORKERS", "0", "greater than or equal to 1", id="workers"),
        pytest.param("RESYNC_SECONDS", "soon", "valid integer", id="resync"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(name: str, value: str, says: str) -> None:
    [problem] = problems(**{name: value})
    assert problem.startswith(f"{name} ")
    assert says in problem
    assert "Set it to " in problem


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = problems(GITHUB_PRIVATE_KEY=None, GITHUB_PRIVATE_KEY_FILE="/nowhere/key.pem", PORT="x", GITHUB_APP_ID=None)
    assert [each.split()[0] for each in found] == ["GITHUB_PRIVATE_KEY_FILE", "GITHUB_APP_ID", "PORT"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param(KEY, KEY, id="as it is"),
        pytest.param(KEY.replace("\n", "\\n"), KEY, id="escaped line ends"),
        pytest.param(KEY.replace("\n", "\r\n"), None, id="Windows line ends"),
        pytest.param(f"\n  {KEY}\n\n", KEY, id="space around"),
    ],
)
def test_the_key_is_read_in_the_ways_that_platforms_write_it(written: str, read: str | None) -> None:
    key = load(GITHUB_PRIVATE_KEY=written).github_private_key.get_secret_value()
    assert key.replace("\r", "") == (read or KEY)


def test_the_key_can_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(KEY)
    settings = load(GITHUB_PRIVATE_KEY=None, GITHUB_PRIVATE_KEY_FILE=str(file))
    assert settings.github_private_key.get_secret_value() == KEY


@pytest.mark.parametrize("content", [b"rubbish", b"\xff\xfe", b""])
def test_a_key_file_with_something_else_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    [problem] = problems(GITHUB_PRIVATE_KEY=None, GITHUB_PRIVATE_KEY_FILE=str(file))
    assert problem.startswith("GITHUB_PRIVATE_KEY_FILE ")
    assert str(file) in problem


@pytest.mark.parametrize(
    ("api", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.github.com/", "https://api.github.com/graphql"),
        ("https://ghe.example/api/v3", "https://ghe.example/api/graphql"),
        ("https://ghe.example/api/v3/", "https://ghe.example/api/graphql"),
        ("https://api.octo.ghe.com", "https://api.octo.ghe.com/graphql"),
        ("http://127.0.0.1:9000/api", "http://127.0.0.1:9000/api/graphql"),
    ],
)
def test_the_address_of_graphql_follows_from_that_of_rest(api: str, graphql: str) -> None:
    assert load(GITHUB_API_URL=api).github_graphql_url == graphql
    assert load(GITHUB_API_URL=api, GITHUB_GRAPHQL_URL="http://own/").github_graphql_url == "http://own"


def test_a_plain_sqlite_address_gets_the_driver() -> None:
    assert load(DATABASE_URL="sqlite:////data/s.sqlite3").database_url == "sqlite+aiosqlite:////data/s.sqlite3"


def test_a_file_fills_in_what_the_environment_leaves_out(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f'PORT=1111\nHOST=127.0.0.1\nGITHUB_PRIVATE_KEY="{KEY}"\nUNRELATED=x\n')
    environment = {name: value for name, value in GOOD.items() if name != "GITHUB_PRIVATE_KEY"} | {
        "PORT": "2222",
        "HOST": "",
    }
    settings = Settings.load(environment, env_file=file)
    assert (settings.host, settings.port) == ("127.0.0.1", 2222)
    assert settings.github_private_key.get_secret_value() == KEY


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    assert Settings.load(env_file=tmp_path / "none").log_level == "warning"


def test_no_secret_is_shown() -> None:
    settings = load(DATABASE_URL="sqlite:///hidden-path")
    for text in (repr(settings), str(settings)):
        assert not [word for word in ("PRIVATE KEY", "open sesame", "hidden-path") if word in text]
    shown = str(problems(GITHUB_PRIVATE_KEY=pem(RSA, b"pw"), GITHUB_WEBHOOK_SECRET="psst", PORT="x"))
    assert not [word for word in ("BEGIN", "psst") if word in shown]


def test_settings_do_not_change() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "port", 1)  # noqa: B010 - mypy knows too that it is read-only


def test_what_is_wrong_with_a_database_address_does_not_tell_its_password() -> None:
    assert "hunter2" not in "".join(problems(DATABASE_URL="postgres://bob:p@ss:hunter2@db:5432/x"))


def test_what_platforms_write_for_an_encrypted_connection_is_what_the_driver_calls_it() -> None:
    url = load(DATABASE_URL="postgres://bob:pw@db/x?sslmode=require").database_url
    assert url == "postgresql+asyncpg://bob:pw@db/x?ssl=require"


def test_a_file_that_is_no_text_is_a_problem_like_others(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"GITHUB_WEBHOOK_SECRET=gr\xfc\xdfe\n")
    with pytest.raises(SettingsError, match="not a text file in UTF-8"):
        Settings.load(GOOD, env_file=tmp_path / ".env")
