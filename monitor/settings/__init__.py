"""Configuration: models, loading, examples; the only door to the environment and to pydantic-settings."""

from monitor.settings.example import example_settings, example_watchlist, settings_schema
from monitor.settings.load import config_path, load_place, load_settings, load_watchlist
from monitor.settings.models import Settings, SourceSettings, format_duration
from monitor.settings.service import ServiceManager, service_manager
from monitor.settings.watchlist import Watchlist

__all__ = [
    "ServiceManager",
    "Settings",
    "SourceSettings",
    "Watchlist",
    "config_path",
    "example_settings",
    "example_watchlist",
    "format_duration",
    "load_place",
    "load_settings",
    "load_watchlist",
    "service_manager",
    "settings_schema",
]
