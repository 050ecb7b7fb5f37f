"""Every sentence that alerts and digests say, by key, in each language; pure.

A key that ends in `.one` or `.other` is a pair for counting. Sentences take their facts as `{placeholders}`, so that
a translator can move them. Tests hold the languages to the same keys and placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from monitor.errors import ConfigError
from monitor.notify.words import de, en

LANGUAGES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": en.TEXTS, "de": de.TEXTS})


class Words:
    """Say things in one language."""

    def __init__(self, language: str = "en") -> None:
        if language not in LANGUAGES:
            raise ConfigError(
                f"There are no texts in the language `{language}`.",
                why=f"Known languages: {', '.join(LANGUAGES)}.",
                try_="Use `en`.",
            )
        self.language = language
        self._texts = LANGUAGES[language]

    def say(self, key: str, **facts: object) -> str:
        """Give a sentence with its facts filled in; KeyError for an unknown key is a fault of this program."""
        return self._texts[key].format(**facts)

    def count(self, key: str, count: int, **facts: object) -> str:
        """Give the singular or plural form of a sentence, with `{count}` filled in."""
        form = "one" if count == 1 else "other"
        return self.say(f"{key}.{form}", count=count, **facts)

    def number(self, value: int) -> str:
        """Write a whole number with the language's mark between thousands."""
        return f"{value:,}".replace(",", self._texts["thousands"])

    def moment(self, at: datetime) -> str:
        """Write a moment in full: weekday, date and clock, in the time zone that `at` carries."""
        return self.say("moment", **self._parts(at))

    def short_moment(self, at: datetime) -> str:
        """Write a moment as day, month and clock."""
        return self.say("short_moment", **self._parts(at))

    def day(self, at: datetime) -> str:
        """Write a date with its weekday."""
        return self.say("day", **self._parts(at))

    def clock(self, at: datetime) -> str:
        """Write the time of day."""
        return f"{at:%H:%M}"

    def _parts(self, at: datetime) -> dict[str, object]:
        return {
            "weekday": self._texts["weekdays"].split()[at.weekday()],
            "day": at.day,
            "month": self._texts["months"].split()[at.month - 1],
            "year": at.year,
            "clock": self.clock(at),
        }
