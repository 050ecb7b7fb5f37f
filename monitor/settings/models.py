"""The keys of goodname.toml; example file, JSON Schema and documentation come from here."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr, WithJsonSchema
from pydantic import field_validator as validates
from pydantic import model_validator as validates_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.domain import Level
from monitor.settings.overrides import DELIMITER, PREFIX, Overrides, SecretOverrides
from monitor.text.faults import repeated

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 366 * 86400
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\s/\[\]]+):(\d{1,5})")
_HTTPS_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?/?", re.IGNORECASE)


def parse_duration(value: object) -> object:
    """Read "90s", "15m", "2h" or "1d" (or several, as "1h 30m") as a time span; ValueError says what is expected."""
    if isinstance(value, timedelta):
        return value
    parts = _DURATION.findall(value) if isinstance(value, str) else []
    if not isinstance(value, str) or not parts or _DURATION.sub("", value).strip():
        raise ValueError('expected a time span such as "90s", "15m", "2h" or "1d"')
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise ValueError("a time span is a year at most")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """Write a time span the way `parse_duration` reads it."""
    seconds = int(value.total_seconds())
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _parse_clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        raise ValueError('expected a time of day such as "08:00"')
    hour, _, minute = value.partition(":")
    return time(int(hour), int(minute))


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+\s*[smhd]\s*)+$", "examples": ["15m"]}),
]
_HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")
ClockTime = Annotated[
    time,
    BeforeValidator(_parse_clock),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$", "examples": ["08:00"]}),
]


class Section(BaseModel):
    """Share the rules of every section: an unknown key is a fault, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WatchlistSettings(Section):
    """Say where the people, firms and statements to watch for are written down."""

    file: Path | None = Field(None, description="A file of subjects and statements, read at every start.")


class SourceSettings(Section):
    """Describe one source to poll."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Your name for it; shown in alerts.")
    connector: str = Field(description="Which connector reads it; `goodname source list` shows them.")
    every: Duration = Field(timedelta(minutes=15), description="How often it is polled.")
    settings: dict[str, Any] = Field(default_factory=dict, description="The connector's own settings.")

    @validates("every")
    @classmethod
    def _not_too_often(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError("a source is polled at most once a second")
        return value


class AlertSettings(Section):
    """Say who is told at once, and of what."""

    urls: tuple[SecretStr, ...] = Field(
        (),
        description="Apprise URLs, such as mailto:// or json://; tags before one say what it takes (likely=json://…).",
    )
    helper_urls: tuple[SecretStr, ...] = Field(
        (), description="Apprise URLs of a helper, who is told instead of you after `goodname handover on`."
    )
    quiet_hours: str = Field(
        "21:00-08:00",
        description="Hours, in the summary's time zone, in which only a danger is told. Empty: none.",
    )
    min_level: Level = Field(Level.LIKELY, description="The level that alerts at once; the rest waits for the digest.")
    repeats_wait: bool = Field(
        default=False, description="Leave repeats to the summary; dangers and quick spread are still told at once."
    )
    group_every: Duration = Field(
        timedelta(hours=6),
        description="Repeats of one statement within this time are told together, with a count. 0s: each by itself.",
    )
    most_an_hour: int = Field(
        6, ge=1, description="The most alerts about one person in an hour; what is above it is told together later."
    )
    spread_from: int = Field(
        20, ge=0, description="So many repeats of one statement in an hour are told at once, also by night; 0: never."
    )
    escalate_after: Duration = Field(
        timedelta(0),
        description="Tell your helper once when nobody looked at a danger or quick spread for so long. 0s: never.",
    )
    show_words: bool = Field(default=False, description="Lift the veil: put names and quotes into alerts.")
    language: Literal["en", "de"] = Field("en", description="Language of alerts and summaries.")

    @property
    def quiet(self) -> tuple[time, time] | None:
        """Give the quiet hours as local times of day, None when there are none."""
        starts, _, ends = self.quiet_hours.partition("-")
        return (time.fromisoformat(starts), time.fromisoformat(ends)) if self.quiet_hours else None

    @validates("quiet_hours")
    @classmethod
    def _two_times(cls, value: str) -> str:
        if value and not _HOURS.fullmatch(value):
            raise ValueError(f"{value!r} are no hours; expected a span such as 21:00-08:00, or nothing")
        return value


Rhythm = Literal["day", "week", "both"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class DigestSettings(Section):
    """Say when the summary is sent."""

    at: ClockTime = Field(time(8, 0), description="Local time of the summary.")
    timezone: str = Field("UTC", description="IANA time zone, such as Europe/London.")
    every: Rhythm = Field("day", description='How often it comes: "day", "week", or "both".')
    weekday: Weekday = Field("monday", description="The day on which the weekly summary comes.")
    clients: dict[str, Rhythm] = Field({}, description='Another rhythm for single clients: { "client-id" = "week" }.')

    @validates("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone; expected a name such as Europe/London") from error
        return value


class HeartbeatSettings(Section):
    """Name a dead man's switch: a service that tells you when signs of life stay away."""

    url: SecretStr = Field(
        SecretStr(""), description="Address that is called after each whole cycle, such as one of healthchecks.io."
    )
    every: Duration = Field(timedelta(minutes=1), description="How often at most it is called.")

    @validates("url")
    @classmethod
    def _web_address(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("expected an address that begins with https:// or http://")
        return value


class NetworkSettings(Section):
    """Say what may be reached beside the public internet, and as whom."""

    allow: tuple[str, ...] = Field((), description='The only private addresses that may be reached, as "host:port".')
    contact: str = Field("", description="An address for site owners, sent in the User-Agent.")

    @validates("allow")
    @classmethod
    def _host_and_port(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            match = _HOST_PORT.fullmatch(entry)
            if not match or int(match[2]) > 65535:
                raise ValueError(f'expected "host:port" such as "127.0.0.1:8801", not {entry!r}')
        return value


class CaptureSettings(Section):
    """Say how pages are kept."""

    browser: str = Field("auto", description='"auto" finds Chromium, "off" keeps pages without pictures, or a path.')
    timeout: Duration = Field(timedelta(seconds=45), description="The longest that one capture may take.")
    films_mb: int = Field(
        200, ge=0, description="The most that the films of one page may take, with the [media] extra; 0: none."
    )
    reserve_mb: int = Field(200, ge=0, description="Stop captures when the disk has less room than this.")
    warn_mb: int = Field(500, ge=0, description="Warn when the disk has less room than this.")

    @validates("timeout")
    @classmethod
    def _long_enough(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=5):
            raise ValueError("a capture needs at least 5s")
        return value


class TimestampSettings(Section):
    """Say who outside signs at what time evidence existed; only its hash is sent."""

    authorities: tuple[str, ...] = Field(
        (), description="Addresses of time stamp authorities (RFC 3161), asked in this order until one answers."
    )
    certificates: Path | None = Field(
        None, description="A PEM file with their root and intermediate certificates, from their own sites."
    )

    calendars: tuple[str, ...] = Field(
        (),
        max_length=8,
        description="Addresses of OpenTimestamps calendars (extra `ots`), all asked; only a salted hash is sent.",
    )

    @validates("authorities", "calendars")
    @classmethod
    def _web_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(r"https?://[^\s/]+\S*", entry):
                raise ValueError(f"expected an address that starts with http:// or https://, not {entry!r}")
        return value

    @validates_model(mode="after")
    def _with_certificates(self) -> TimestampSettings:
        if self.authorities and self.certificates is None:
            raise ValueError("`certificates` is missing: without them a forged time stamp would be believed")
        return self


class EvidenceSettings(Section):
    """Say where evidence is kept, and what is done with it once it is."""

    url: str = Field("", description='Object store such as "s3://bucket/prefix"; empty: a folder in data_dir.')
    endpoint: str = Field("", description="Address of its S3 service, when it is not Amazon's.")
    region: str = Field("", description="Region of its S3 service.")
    key_id: SecretStr = Field(SecretStr(""), description="Access key for it; it needs to list, read, write and delete.")
    secret: SecretStr = Field(SecretStr(""), description="Secret key for it.")
    cache_mb: int = Field(256, ge=0, description="Most megabytes of it that this machine keeps, to show them quickly.")
    recheck: bool = Field(default=True, description="Look again at kept pages, less and less often.")
    unmatched_for: Duration = Field(
        timedelta(days=90), description="How long captures that match nothing are kept; 0d: for ever."
    )
    wayback: str = Field(
        "",
        description="Public archive to offer pages to by hand; empty: none, since asking one publishes your interest.",
    )
    copy_to: str = Field(
        "", description='Where write-once copies go: "s3://bucket/prefix" or "file:///…"; empty: none.'
    )
    copy_endpoint: str = Field("", description="Address of the S3 service, when it is not Amazon's.")
    copy_region: str = Field("", description="Region of the S3 service.")
    copy_key_id: SecretStr = Field(SecretStr(""), description="Access key for the copies.")
    copy_secret: SecretStr = Field(SecretStr(""), description="Secret key for the copies.")


class WebSettings(Section):
    """Say where the web page listens, and by which names it is reached."""

    bind: str = Field("127.0.0.1:8700", description='Address and port, or "off".')
    hosts: tuple[str, ...] = Field((), description="Names by which browsers reach it, beside loopback ones.")
    address: str = Field("", description="Its https address behind a proxy, such as https://watch.example.org.")

    @validates("bind")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        match = _HOST_PORT.fullmatch(value)
        if value != "off" and (not match or int(match[2]) > 65535):
            raise ValueError(f'expected "host:port" such as "127.0.0.1:8700", or "off", not {value!r}')
        return value

    @validates("address")
    @classmethod
    def _https_origin(cls, value: str) -> str:
        if value and not _HTTPS_ORIGIN.fullmatch(value):
            raise ValueError(f'expected an address such as "https://watch.example.org", not {value!r}')
        return value.rstrip("/")


class StoreSettings(Section):
    """Say where rows are kept."""

    url: SecretStr = Field(
        SecretStr(""),
        description='A database URL such as "postgresql+psycopg://…"; empty: an SQLite file in data_dir.',
    )


class QueueSettings(Section):
    """Say what hands work out: the service itself, or a queue that several machines share."""

    engine: Literal["in-process", "pgqueuer"] = Field(
        "in-process", description='"pgqueuer" shares the work among machines; it needs PostgreSQL as [store].'
    )
    concurrency: int = Field(16, ge=2, le=256, description="How many jobs one worker does side by side.")


class MatchingSettings(Section):
    """Set how sure the matcher must be."""

    possible: int = Field(35, ge=1, le=100, description="Lowest statement score (0-100) that is called possible.")
    likely: int = Field(65, ge=1, le=100, description="Lowest statement score (0-100) that is called likely.")
    model: Path | None = Field(
        None, description="Folder of the sentence model, for the [semantic] extra; none: words alone are compared."
    )

    @validates_model(mode="after")
    def _in_order(self) -> MatchingSettings:
        if self.likely < self.possible:
            raise ValueError(f"`likely` ({self.likely}) must not be lower than `possible` ({self.possible})")
        return self


class CasesSettings(Section):
    """Say what the papers of cases look like."""

    letterheads: Path | None = Field(
        None, description="A folder with a letterhead for each client: CLIENT.txt, and CLIENT.png as a logo."
    )


class Settings(BaseSettings):
    """Hold the whole configuration: defaults, then goodname.toml, then GOODNAME_ variables and secret files."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(Path("data"), description="Where everything is kept; relative to this file.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    watchlist: WatchlistSettings = Field(default_factory=WatchlistSettings)
    source: tuple[SourceSettings, ...] = Field((), description="The sources; one [[source]] block each.")
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    digest: DigestSettings = Field(default_factory=DigestSettings)
    heartbeat: HeartbeatSettings = Field(default_factory=HeartbeatSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    capture: CaptureSettings = Field(default_factory=CaptureSettings)
    timestamps: TimestampSettings = Field(default_factory=TimestampSettings)
    evidence: EvidenceSettings = Field(default_factory=EvidenceSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    queue: QueueSettings = Field(default_factory=QueueSettings)
    matching: MatchingSettings = Field(default_factory=MatchingSettings)
    cases: CasesSettings = Field(default_factory=CasesSettings)

    @validates("source")
    @classmethod
    def _unique_names(cls, value: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in value]
        twice = repeated(names)
        if twice:
            raise ValueError(f"each source needs its own name; used twice: {', '.join(twice)}")
        return value

    @validates_model(mode="after")
    def _queue_needs_a_server(self) -> Settings:
        if self.queue.engine == "pgqueuer" and not self.store.url.get_secret_value().startswith("postgres"):
            raise ValueError('[queue] engine "pgqueuer" needs a PostgreSQL address as [store] url')
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over secret files, and both over the file that `load_settings` hands in."""
        return Overrides(settings_cls), SecretOverrides(settings_cls), init_settings
