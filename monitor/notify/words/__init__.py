"""Every sentence that alerts and digests say, by key, in each language.

English stands in `en.py`; a translation is a gettext catalogue beside it. A key that ends in `.one` or `.other` is a
pair for counting; a language has as many forms as it needs. Sentences take their facts as `{placeholders}`, so that a
translator can move them. Numbers and dates are written as the language does, by its CLDR data.
"""

from __future__ import annotations

from datetime import datetime

from monitor.errors import ConfigError
from monitor.notify.words.catalogue import PAIRS, SENTENCES, translations

LANGUAGES = ("en", "de")


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

    def say(self, key: str, **facts: object) -> str:
        """Give a sentence with its facts filled in; KeyError for an unknown key is a fault of this program."""
        return self._sentence(key).format(**facts)

    def count(self, key: str, count: int, **facts: object) -> str:
        """Give the form of a sentence that fits a number, with `{count}` filled in."""
        one, other = PAIRS[key]
        return translations(self.language).npgettext(key, one, other, count).format(count=count, **facts)

    def number(self, value: int) -> str:
        """Write a whole number with the language's mark between thousands."""
        from babel.numbers import format_decimal  # noqa: PLC0415 # its data is loaded with the first message

        return format_decimal(value, locale=self.language)

    def moment(self, at: datetime) -> str:
        """Write a moment in full: weekday, date and clock, in the time zone that `at` carries."""
        return self._dated("moment", at)

    def short_moment(self, at: datetime) -> str:
        """Write a moment as day, month and clock."""
        return self._dated("short_moment", at)

    def day(self, at: datetime) -> str:
        """Write a date with its weekday."""
        return self._dated("day", at)

    def clock(self, at: datetime) -> str:
        """Write the time of day."""
        return f"{at:%H:%M}"

    def _sentence(self, key: str) -> str:
        english = SENTENCES[key]
        return translations(self.language).pgettext(key, english) if english else ""

    def _dated(self, key: str, at: datetime) -> str:
        from babel.dates import format_datetime  # noqa: PLC0415 # its data is loaded with the first message

        return format_datetime(at, self._sentence(key), tzinfo=at.tzinfo, locale=self.language)
