"""Loading goodname.toml: every fault at once, in words, with what was meant, and never a secret."""

from __future__ import annotations

import json
from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor.domain import Level
from monitor.errors import ConfigError
from monitor.settings import config_path, load_settings

SECRET = "hunter2-do-not-show"  # an invented password that must never come back


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's own configuration and secrets out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def write(folder: Path, text: str | bytes, name: str = "goodname.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return caught.value.faults


def urls_of(path: Path) -> list[str]:
    return [url.get_secret_value() for url in load_settings(path).alerts.urls]


FULL = """
data_dir = "kept"
log_level = "debug"
[watchlist]
file = "watchlist.toml"
[[source]]
name = "town-forum"
connector = "feed"
every = "1h 30m"
  [source.settings]
  url = "https://example.org/feed.xml"
[alerts]
urls = ["json://127.0.0.1:9000/hook"]
min_level = "possible"
[digest]
at = "8:05"
timezone = "Europe/London"
[network]
allow = ["127.0.0.1:8801", "[::1]:80"]
contact = "ops@example.org"
[capture]
browser = "off"
[web]
bind = "127.0.0.1:8700"
"""


def test_every_public_key_is_read(tmp_path):
    settings = load_settings(write(tmp_path, FULL))
    assert settings.data_dir == tmp_path / "kept"
    assert settings.watchlist.file == tmp_path / "watchlist.toml"
    source = settings.source[0]
    assert (source.name, source.connector, source.every) == ("town-forum", "feed", timedelta(minutes=90))
    assert source.settings == {"url": "https://example.org/feed.xml"}
    assert settings.alerts.urls[0].get_secret_value() == "json://127.0.0.1:9000/hook"
    assert settings.alerts.min_level is Level.POSSIBLE
    assert settings.digest.at == time(8, 5)
    assert settings.digest.timezone == "Europe/London"
    assert settings.network.allow == ("127.0.0.1:8801", "[::1]:80")
    assert (settings.capture.browser, settings.web.bind) == ("off", "127.0.0.1:8700")


def test_an_empty_file_is_all_defaults(tmp_path):
    settings = load_settings(write(tmp_path, ""))
    assert settings.data_dir == tmp_path / "data"
    assert settings.watchlist.file is None
    assert settings.source == ()
    assert settings.alerts.min_level is Level.LIKELY


def test_a_byte_order_mark_is_no_fault(tmp_path):
    assert load_settings(write(tmp_path, b'\xef\xbb\xbflog_level = "error"')).log_level == "error"


def test_absolute_paths_stay(tmp_path):
    settings = load_settings(write(tmp_path, 'data_dir = "/srv/kept"\n[watchlist]\nfile = "/srv/list.toml"'))
    assert settings.data_dir == Path("/srv/kept")
    assert settings.watchlist.file == Path("/srv/list.toml")


MANY_FAULTS = """
data_dirr = "x"
log_level = "loud"
[alerts]
url = ["x"]
min_level = "likly"
show_words = "maybe"
[digest]
at = "25:00"
timezone = "Mars/Olympus"
[[source]]
name = "bad name"
every = "often"
[network]
allow = ["nowhere"]
[web]
bind = "here"
[matching]
possible = 0
likely = 200
[capture]
reserve_mb = -1
timeout = "1s"
"""


def test_every_fault_is_named_at_once(tmp_path):
    faults = faults_of(write(tmp_path, MANY_FAULTS))
    for expected in (
        "I don't know the key `data_dirr`; did you mean `data_dir`?",
        "`log_level` must be 'debug', 'info', 'warning' or 'error'",
        "I don't know the key `url` in `alerts`; did you mean `urls`?",
        "`alerts.min_level` must be 'none', 'possible' or 'likely'; did you mean `likely`?",
        "`alerts.show_words` must be true or false",
        '`digest.at`: expected a time of day such as "08:00"',
        "`digest.timezone`: 'Mars/Olympus' is not a time zone; expected a name such as Europe/London",
        "`source[1].name` must be letters, digits, dots, dashes or underscores, at most 64",
        "`source[1].connector` is missing",
        '`source[1].every`: expected a time span such as "90s", "15m", "2h" or "1d"',
        '`network.allow`: expected "host:port" such as "127.0.0.1:8801", not \'nowhere\'',
        '`web.bind`: expected "host:port" such as "127.0.0.1:8700", or "off", not \'here\'',
        "`matching.possible` must be at least 1",
        "`matching.likely` must be at most 100",
        "`capture.reserve_mb` must be at least 0",
        "`capture.timeout`: a capture needs at least 5s",
    ):
        assert expected in faults
    assert len(faults) == 16


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[alert]\nurls = ["json://h"]', "I don't know the key `alert`; did you mean `alerts`?"),
        ("[digest]\ntimezon = 'UTC'", "I don't know the key `timezon` in `digest`; did you mean `timezone`?"),
        ("[[source]]\nname='a'\nconnector='feed'\nevry='5m'", "`evry` in `source[1]`; did you mean `every`?"),
        ("zzzz = 1", "I don't know the key `zzzz`"),
        ("alerts = 5", "`alerts` must be a section of keys and values"),
        ("[source]\nname = 'a'", "`source` must be a list"),
        ("source = [5]", "`source[1]` must be a section of keys and values"),
        ("[alerts]\nurls = [5]", "`alerts.urls[1]` must be text in quotes"),
        ("[alerts]\nmin_level = 5", "`alerts.min_level` must be 'none', 'possible' or 'likely'"),
        ("[capture]\nreserve_mb = 'much'", "`capture.reserve_mb` must be a whole number"),
        (
            "[[source]]\nname='a'\nconnector='f'\nevery='0s'",
            "`source[1].every`: a source is polled at most once a second",
        ),
        ("[[source]]\nname='a'\nconnector='f'\nevery='99999999999999d'", "a time span is a year at most"),
        ("[[source]]\nname='a'\nconnector='f'\nsettings=3", "`source[1].settings` must be a table of keys and values"),
        ("[network]\nallow = ['h:99999']", 'expected "host:port"'),
        ("[digest]\ntimezone = '../../etc/passwd'", "is not a time zone"),
        ("[digest]\ntimezone = ''", "is not a time zone"),
        ("[digest]\nat = 8", '`digest.at`: expected a time of day such as "08:00"'),
        ("[[source]]\nname='a'\nconnector='f'\nevery=15", "`source[1].every`: expected a time span such as"),
        ("[matching]\npossible = 90\nlikely = 50", "`likely` (50) must not be lower than `possible` (90)"),
        ("data_dir = 5", "`data_dir` must be a path in quotes"),
        (
            "[[source]]\nname='a'\nconnector='x'\n[[source]]\nname='a'\nconnector='x'",
            "`source`: each source needs its own name; used twice: a",
        ),
    ],
)
def test_single_faults_are_in_words(tmp_path, text, fault):
    faults = faults_of(write(tmp_path, text))
    assert len(faults) == 1
    assert fault in faults[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[alerts\nurls = []", "it is not valid TOML"),
        ('log_level = "info"\nlog_level = "debug"', "it is not valid TOML"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("a = " + "[" * 3000, "it is nested too deeply"),
        ("# " + "x" * (32 * 1024 * 1024), "it is larger than 32 MB"),
    ],
)
def test_a_file_that_is_no_configuration_says_why(tmp_path, text, why):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, text))
    assert caught.value.why.startswith(why)
    assert "goodname.toml" in caught.value.what


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(ConfigError, match="There is no such file"):
        load_settings(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="directory"):
        load_settings(tmp_path)


class TestSecretFiles:
    def test_a_list_has_one_entry_a_line(self, tmp_path):
        write(tmp_path, "# where I am told\njson://127.0.0.1:1/a\n\n  json://127.0.0.1:2/b  \n", "urls.txt")
        assert urls_of(write(tmp_path, '[alerts]\nurls_file = "urls.txt"')) == [
            "json://127.0.0.1:1/a",
            "json://127.0.0.1:2/b",
        ]

    def test_a_single_secret_loses_its_newline(self, tmp_path):
        write(tmp_path, f"postgresql+psycopg://u:{SECRET}@db.example.org/g\n", "db.txt")
        settings = load_settings(write(tmp_path, '[store]\nurl_file = "db.txt"'))
        assert settings.store.url.get_secret_value() == f"postgresql+psycopg://u:{SECRET}@db.example.org/g"

    def test_a_connector_gets_its_secret(self, tmp_path):
        write(tmp_path, f"{SECRET}\n", "token")
        text = '[[source]]\nname = "a"\nconnector = "x"\n[source.settings]\ntoken_file = "token"'
        assert load_settings(write(tmp_path, text)).source[0].settings == {"token": SECRET}

    @pytest.mark.parametrize("variable", ["GOODNAME_SECRETS_DIR", "CREDENTIALS_DIRECTORY"])
    def test_a_name_is_looked_up_among_the_secrets(self, tmp_path, monkeypatch, variable):
        (tmp_path / "secrets").mkdir()
        write(tmp_path / "secrets", "json://127.0.0.1:1/a", "urls")
        monkeypatch.setenv(variable, str(tmp_path / "secrets"))
        assert urls_of(write(tmp_path, '[alerts]\nurls_file = "urls"')) == ["json://127.0.0.1:1/a"]

    def test_beside_the_configuration_comes_first(self, tmp_path, monkeypatch):
        (tmp_path / "secrets").mkdir()
        write(tmp_path / "secrets", "json://far/a", "urls")
        write(tmp_path, "json://near/a", "urls")
        monkeypatch.setenv("GOODNAME_SECRETS_DIR", str(tmp_path / "secrets"))
        assert urls_of(write(tmp_path, '[alerts]\nurls_file = "urls"')) == ["json://near/a"]

    def test_a_missing_one_is_a_fault_beside_the_others(self, tmp_path):
        faults = faults_of(write(tmp_path, 'logg_level = "info"\n[alerts]\nurls_file = "absent"'))
        assert len(faults) == 2
        assert any("`alerts.urls_file`: there is no file absent" in fault for fault in faults)

    def test_both_spellings_at_once_are_a_fault(self, tmp_path):
        write(tmp_path, "json://h", "urls")
        faults = faults_of(write(tmp_path, '[alerts]\nurls_file = "urls"\nurls = ["json://i"]'))
        assert faults == ("`alerts.urls_file` and `alerts.urls` are both given; keep one of them",)

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (1024 * 1024 + 1)])
    def test_an_unreadable_one_is_a_fault(self, tmp_path, content):
        write(tmp_path, content, "urls")
        faults = faults_of(write(tmp_path, '[alerts]\nurls_file = "urls"'))
        assert len(faults) == 1
        assert "cannot be read" in faults[0]


class TestEnvironment:
    @pytest.mark.parametrize(
        "given",
        ['["json://127.0.0.1:1/a", "json://127.0.0.1:2/b"]', "json://127.0.0.1:1/a json://127.0.0.1:2/b"],
    )
    def test_a_list_may_be_json_or_words(self, tmp_path, monkeypatch, given):
        monkeypatch.setenv("GOODNAME_ALERTS__URLS", given)
        assert urls_of(write(tmp_path, "")) == ["json://127.0.0.1:1/a", "json://127.0.0.1:2/b"]

    def test_it_wins_over_the_file_key_by_key(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GOODNAME_ALERTS__MIN_LEVEL", "none")
        settings = load_settings(write(tmp_path, FULL))
        assert settings.alerts.min_level is Level.NONE
        assert settings.alerts.urls[0].get_secret_value() == "json://127.0.0.1:9000/hook"

    def test_a_whole_section_may_be_json(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GOODNAME_DIGEST", json.dumps({"at": "07:30"}))
        settings = load_settings(write(tmp_path, FULL))
        assert settings.digest.at == time(7, 30)
        assert settings.digest.timezone == "Europe/London"

    def test_relative_paths_count_from_the_file(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GOODNAME_DATA_DIR", "elsewhere")
        monkeypatch.setenv("GOODNAME_WATCHLIST__FILE", "people.toml")
        settings = load_settings(write(tmp_path, ""))
        assert settings.data_dir == tmp_path / "elsewhere"
        assert settings.watchlist.file == tmp_path / "people.toml"

    def test_sources_may_be_json(self, tmp_path, monkeypatch):
        monkeypatch.setenv(
            "GOODNAME_SOURCE", '[{"name": "a", "connector": "feed", "settings": {"url": "https://e.example"}}]'
        )
        assert load_settings(write(tmp_path, "")).source[0].settings == {"url": "https://e.example"}

    @pytest.mark.parametrize(
        ("name", "value", "fault"),
        [
            (
                "GOODNAME_ALERTS",
                "{" + SECRET,
                "must be a section of keys and values (set by the variable `GOODNAME_ALERTS`)",
            ),
            ("GOODNAME_ALERTS__URLS", '["json://' + SECRET, "`alerts.urls` must be a list"),
            (
                "GOODNAME_ALERTS__URLZ",
                f'["json://{SECRET}"]',
                "did you mean `urls`? (set by the variable `GOODNAME_ALERTS__URLZ`)",
            ),
            (
                "GOODNAME_ALERT__URLS",
                f'["json://{SECRET}"]',
                "`GOODNAME_ALERT__URLS`; did you mean `GOODNAME_ALERTS__URLS`?",
            ),
            ("GOODNAME_LOG_LEVL", SECRET, "`GOODNAME_LOG_LEVL`; did you mean `GOODNAME_LOG_LEVEL`?"),
            ("GOODNAME_QQQQ__URLS", SECRET, "I don't know the variable `GOODNAME_QQQQ__URLS`"),
            ("GOODNAME_DIGEST__AT", SECRET, "`digest.at`: expected a time of day"),
            ("GOODNAME_CAPTURE__RESERVE_MB", SECRET, "`capture.reserve_mb` must be a whole number"),
        ],
    )
    def test_a_wrong_one_is_a_fault_that_names_it_and_not_its_value(self, tmp_path, monkeypatch, name, value, fault):
        monkeypatch.setenv(name, value)
        faults = faults_of(write(tmp_path, ""))
        assert len(faults) == 1
        assert fault in faults[0]
        assert SECRET not in faults[0]

    def test_variables_that_a_platform_invents_are_left_alone(self, tmp_path, monkeypatch):
        for name in ("GOODNAME_PORT", "GOODNAME_SERVICE_HOST", "GOODNAME_PORT_8700_TCP"):
            monkeypatch.setenv(name, "tcp://10.0.0.1:8700")
        assert load_settings(write(tmp_path, "")).source == ()


class TestSecretsFolder:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        place = tmp_path / "secrets"
        place.mkdir()
        monkeypatch.setenv("GOODNAME_SECRETS_DIR", str(place))
        return place

    @pytest.mark.parametrize("name", ["goodname_alerts__urls", "GOODNAME_ALERTS__URLS"])
    @pytest.mark.parametrize("content", ['["json://h/a"]', "json://h/a\n"])
    def test_a_file_named_like_a_variable_is_read(self, tmp_path, folder, name, content):
        write(folder, content, name)
        assert urls_of(write(tmp_path, "")) == ["json://h/a"]

    def test_the_environment_wins_over_it_and_it_over_the_file(self, tmp_path, folder, monkeypatch):
        write(folder, "postgresql://secret", "goodname_store__url")
        write(folder, "possible", "goodname_alerts__min_level")
        monkeypatch.setenv("GOODNAME_ALERTS__MIN_LEVEL", "none")
        settings = load_settings(write(tmp_path, '[store]\nurl = "postgresql://file"'))
        assert settings.store.url.get_secret_value() == "postgresql://secret"
        assert settings.alerts.min_level is Level.NONE

    def test_files_without_the_prefix_are_left_alone(self, tmp_path, folder):
        write(folder, b"\xff\x00", "tls.key")
        write(folder, "x", "alerts__urls")
        assert urls_of(write(tmp_path, "")) == []

    def test_a_mistyped_name_is_a_fault(self, tmp_path, folder):
        write(folder, SECRET, "goodname_alert__urls")
        (fault,) = faults_of(write(tmp_path, ""))
        assert "did you mean `GOODNAME_ALERTS__URLS`?" in fault
        assert SECRET not in fault

    def test_an_unreadable_one_is_a_fault(self, tmp_path, folder):
        write(folder, b"\xff\xfe", "goodname_store__url")
        (fault,) = faults_of(write(tmp_path, ""))
        assert "goodname_store__url cannot be read" in fault

    def test_a_wrong_value_names_the_file_and_not_the_value(self, tmp_path, folder):
        write(folder, SECRET, "goodname_digest__timezone_")
        write(folder, "{" + SECRET, "goodname_alerts")
        faults = faults_of(write(tmp_path, ""))
        assert any("set by the secret file" in fault for fault in faults)
        assert SECRET not in "".join(faults)


@pytest.mark.parametrize(
    "text",
    [
        f'[alerts]\nurls = "mailto://me:{SECRET}@example.org"',
        f'[alerts]\nurls = ["mailto://me:{SECRET}@example.org"]\nmin_levl = "x"',
        f'[alerts]\nurls = [["{SECRET}"]]',
        f'[store]\nurl = ["{SECRET}"]',
        f'[store]\nurll = "{SECRET}"',
        f'store = "{SECRET}"',
        f'[[source]]\nname = "a"\n[source.settings]\ntoken = "{SECRET}"',
        f"[alerts]\nurls = [{SECRET}]",
        f'[alerts\nurls = ["{SECRET}"]',
    ],
)
def test_no_secret_is_repeated(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, text))
    error = caught.value
    assert SECRET not in " ".join([str(error), repr(error), error.what, error.why, error.try_, *error.faults])


def test_settings_do_not_print_secrets(tmp_path):
    settings = load_settings(write(tmp_path, f'[alerts]\nurls = ["json://{SECRET}"]\n[store]\nurl = "x://{SECRET}"'))
    assert SECRET not in repr(settings)
    assert SECRET not in json.dumps(settings.model_dump(mode="json"))


class TestConfigPath:
    def test_the_given_file_wins_even_when_it_is_absent(self, tmp_path):
        assert config_path(tmp_path / "mine.toml") == tmp_path / "mine.toml"

    def test_then_the_variable_then_here_then_the_config_folder(self, tmp_path, monkeypatch):
        place = tmp_path / "xdg" / "goodname"
        place.mkdir(parents=True)
        write(place, "")
        assert config_path(None) == place / "goodname.toml"
        write(tmp_path, "")
        assert config_path(None) == Path("goodname.toml")
        monkeypatch.setenv("GOODNAME_CONFIG", str(tmp_path / "named.toml"))
        assert config_path(None) == tmp_path / "named.toml"

    def test_none_at_all_says_where_was_looked_and_what_to_do(self):
        with pytest.raises(ConfigError) as caught:
            config_path(None)
        assert "goodname.toml" in caught.value.why
        assert "goodname demo" in caught.value.try_
