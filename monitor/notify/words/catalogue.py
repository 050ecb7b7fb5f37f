"""Bring the English sentences and their translations together as gettext catalogues.

English is what the program says and what translators start from; every sentence has its key as its context, so that the
same English may be said in two ways elsewhere. What is not translated, or only in doubt ("fuzzy"), is said in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from monitor.notify.words.en import TEXTS

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

SOURCE = "en"
"""The language of the sentences in the program."""

DOMAIN = "goodname"
TEMPLATE = f"locale/{DOMAIN}.pot"

_ONE, _OTHER = ".one", ".other"

PAIRS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        key.removesuffix(_ONE): (text, TEXTS[key.removesuffix(_ONE) + _OTHER])
        for key, text in TEXTS.items()
        if key.endswith(_ONE)
    }
)
"""The sentences that count something, by their key without its ending: for one, and for any other number."""

SENTENCES: Mapping[str, str] = MappingProxyType(
    {key: text for key, text in TEXTS.items() if key.removesuffix(_ONE).removesuffix(_OTHER) not in PAIRS}
)
"""All others, by key."""


def catalogue_path(language: str) -> str:
    """Say where the translation into a language stands, below this package."""
    return f"locale/{language}/LC_MESSAGES/{DOMAIN}.po"


def template() -> Catalog:
    """Make the catalogue without translations, in the order of the program's own list."""
    from babel.messages.catalog import Catalog  # noqa: PLC0415 # needed by translators and tests only

    made = Catalog(domain=DOMAIN, project="Goodname", fuzzy=False, charset="utf-8")
    for key, text in TEXTS.items():
        stem = key.removesuffix(_ONE)
        if stem in PAIRS and key.endswith(_ONE):
            made.add(PAIRS[stem], context=stem)
        elif key in SENTENCES and text:
            made.add(text, context=key)
    return made


@cache
def translations(language: str) -> NullTranslations:
    """Read what is translated into a language; English needs no catalogue."""
    if language == SOURCE:
        return NullTranslations()
    with files(__package__).joinpath(catalogue_path(language)).open("rb") as file:
        return read_translations(file, language)


def read_translations(file: IO[bytes], language: str) -> NullTranslations:
    """Compile an open PO file."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 # needed with the first message in another language
    from babel.messages.pofile import read_po  # noqa: PLC0415 # as above

    compiled = BytesIO()
    write_mo(compiled, read_po(file, locale=language, domain=DOMAIN))
    compiled.seek(0)
    return GNUTranslations(compiled)
