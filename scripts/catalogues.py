"""Bring the catalogues of translations in line with the English sentences, for translators.

python scripts/catalogues.py            write the template and each language's catalogue anew
python scripts/catalogues.py --check    write nothing; exit 1 and name the files that are out of date

A new sentence comes without a translation, a changed one keeps its old translation marked "fuzzy": both are said in
English until somebody translates them. What is no longer said goes.
"""

from __future__ import annotations

import argparse
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from monitor.notify.words import LANGUAGES
from monitor.notify.words.catalogue import DOMAIN, SOURCE, TEMPLATE, catalogue_path, template

PACKAGE = Path(__file__).resolve().parents[1] / "monitor" / "notify" / "words"

_LEFT_OUT = (
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Generated-By",
    "Project-Id-Version",
    "Report-Msgid-Bugs-To",
    "Last-Translator",
    "Language-Team",
)
_HEADER = "# {title} of the sentences that Goodname says.\n# Under the licence of the program."


def written(catalogue: Catalog, title: str) -> bytes:
    """Give a catalogue as a file, the same for the same sentences: without times and names of persons."""
    catalogue.header_comment = _HEADER.format(title=title)
    out = BytesIO()
    write_po(out, catalogue, width=100, ignore_obsolete=True)
    lines = out.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(tuple(f'"{name}:'.encode() for name in _LEFT_OUT)))


def brought_in_line(language: str) -> Catalog:
    """Give a language's catalogue with the sentences of today."""
    path = PACKAGE / catalogue_path(language)
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, domain=DOMAIN)
    else:
        catalogue = Catalog(locale=language, domain=DOMAIN)
    catalogue.update(template())
    catalogue.fuzzy = False
    return catalogue


def files() -> dict[Path, bytes]:
    """Give what each file should hold."""
    made = {PACKAGE / TEMPLATE: written(template(), "Template")}
    for language in LANGUAGES:
        if language != SOURCE:
            made[PACKAGE / catalogue_path(language)] = written(brought_in_line(language), f"Translation ({language})")
    return made


def main() -> int:
    """Write what is out of date, or only say so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    wanted = parser.parse_args()
    old = {path: body for path, body in files().items() if not path.exists() or path.read_bytes() != body}
    for path, body in old.items():
        print(path)
        if not wanted.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    return 1 if wanted.check and old else 0


if __name__ == "__main__":
    sys.exit(main())
