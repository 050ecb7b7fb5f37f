"""Configuration: models, loading, examples; the only door to the environment and to pydantic-settings."""

from monitor.settings.added import (
    ADDED,
    Added,
    added_mark,
    checked_hours,
    read_added,
    says_quiet_hours,
    with_added,
    write_added,
)
from monitor.settings.example import example_settings, example_watchlist, settings_schema
from monitor.settings.load import config_path, load_place, load_settings, load_watchlist
from monitor.settings.models import WEEKDAYS, Settings, SourceSettings, format_duration, parse_duration
from monitor.settings.service import ServiceManager, service_manager
from monitor.settings.watchlist import Watchlist

__all__ = [
    "ADDED",
    "WEEKDAYS",
    "Added",
    "ServiceManager",
    "Settings",
    "SourceSettings",
    "Watchlist",
    "added_mark",
    "checked_hours",
    "config_path",
    "example_settings",
    "example_watchlist",
    "format_duration",
    "load_place",
    "load_settings",
    "load_watchlist",
    "parse_duration",
    "read_added",
    "says_quiet_hours",
    "service_manager",
    "settings_schema",
    "with_added",
    "write_added",
]
