"""How long a case with many exhibits in nine scripts takes to become a packet, against one document an exhibit.

The case is a real one: mentions in a database, a sealed capture each, everything read anew. The naive baseline prints a
document of its own for each exhibit, as a program does that puts pages together afterwards; it is measured on a few
exhibits and multiplied.

    python benchmarks/packet.py --exhibits 200
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pypdf

from monitor.cases.desk import CaseDesk
from monitor.cases.files import Overview
from monitor.cases.packet import packet
from monitor.cases.printing import print_packet
from monitor.domain import (
    AboutSubject,
    ArtifactRole,
    CaptureRequest,
    Mention,
    Origin,
    Review,
    ReviewVerdict,
)
from monitor.evidence import FileVault
from monitor.ports import Decision, PageRows
from monitor.store import SqlStore, open_store
from monitor.testing import (
    NOW,
    FakeClock,
    make_decision,
    make_judgement,
    make_match,
    make_mention,
    make_statement,
    make_subject,
)
from monitor.testing.builders import make_observed

SCRIPTS = {
    "Latin": "FIRST LAST took money from the till, they said — again and again.",
    "Cyrillic": "ФЁРСТ ЛАСТ украл деньги у пациентов.",
    "Greek": "Ο ΦΕΡΣΤ ΛΑΣΤ έκλεψε χρήματα από το ταμείο.",
    "Arabic": "سرق فيرست لاست المال من المرضى.",
    "Hebrew": "פירסט לאסט גנב כסף מהמטופלים.",
    "Devanagari": "फ़र्स्ट लास्ट ने मरीज़ों से पैसे चुराए।",
    "Thai": "เฟิร์สต์ ลาสต์ ขโมยเงินจากคนไข้",
    "Han": "菲斯特·拉斯特偷了病人的钱。",
    "Hangul": "퍼스트 라스트가 환자들의 돈을 훔쳤다.",
}
"""The nine scripts of the exhibits, one after another."""

NAIVE_SAMPLE = 10


def judged(mention: Mention) -> Decision:
    """Judge a mention to repeat the statement with all of its words."""
    match = make_match(excerpt=mention.text[:60], span=(0, min(60, len(mention.text))))
    return make_decision(mention, make_judgement(about=AboutSubject(score=80), matches=(match,)))


def keep(store: SqlStore, vault: FileVault, mention: Mention) -> None:
    """Keep a complete copy of a mention's page."""
    request = CaptureRequest(id=0, mention_id=mention.id, revision=1, url=mention.url)
    request = replace(request, id=store.request_capture(request, NOW))
    staging = vault.stage(request, NOW)
    staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, mention.text.encode())
    staging.add(ArtifactRole.PAGE, "page.html", "text/html", Origin.DECODED, mention.text.encode())
    observed = make_observed(mention.url, at=NOW)
    store.finish_capture(vault.commit(staging, request, observed))


def case_of(folder: Path, exhibits: int) -> tuple[CaseDesk, int]:
    """Fill an installation with a case of so many exhibits."""
    clock = FakeClock()
    store = open_store(f"sqlite:///{folder / 'rows.db'}", clock=clock)
    vault = FileVault(folder / "evidence", clock=clock, actor="goodname", reserve_bytes=1)
    store.save_subject(make_subject())
    store.save_statement(make_statement())
    words = [*SCRIPTS.values()]
    made = tuple(
        make_mention(
            external_id=f"post-{number}",
            text=f"{words[number % len(words)]} ({number})",
            url=f"https://forum.example/t/{number}",
            source=f"source-{number % 7}",
            published_at=NOW - timedelta(hours=number),
        )
        for number in range(exhibits)
    )
    for source in sorted({one.source for one in made}):
        mine = tuple(one for one in made if one.source == source)
        store.save_page(PageRows(source=source, query_key="*", mentions=mine, raw=(), cursor="{}", gone=()))
    kept = [store.find(one.source, one.external_id) for one in made]
    known = [one for one in kept if one is not None]
    store.save_decisions([judged(one) for one in known])
    for one in known:
        verdict = ReviewVerdict.CONFIRMED
        store.save_review(Review(mention_id=one.id, subject_id="subject-1", verdict=verdict, reviewed_at=NOW))
        keep(store, vault, one)
    desk = CaseDesk(store=store, vault=vault, clock=clock)
    return desk, desk.open("subject-1", "The till", mention_ids=[one.id for one in known]).id


def naive(overview: Overview, sample: int) -> float:
    """Give the seconds that one document an exhibit takes, for one exhibit."""
    start = time.perf_counter()
    for one in overview.exhibits[:sample]:
        alone = replace(overview, exhibits=(one,))
        print_packet(packet(alone, chain_head="0" * 64, software="naive", at=NOW), overview.spread, NOW)
    return (time.perf_counter() - start) / max(1, min(sample, len(overview.exhibits)))


def measure(exhibits: int) -> dict[str, object]:
    """Print the packet of one case twice, and give what it took and what came out."""
    with tempfile.TemporaryDirectory(prefix="goodname-packet-") as folder:
        desk, case_id = case_of(Path(folder), exhibits)
        start, cpu = time.perf_counter(), time.process_time()
        made = desk.make_packet(case_id)
        wall, spent = time.perf_counter() - start, time.process_time() - cpu
        overview = desk.overview(case_id)
        facts = packet(overview, chain_head="0" * 64, software="goodname", at=NOW)
        twice = {hashlib.sha256(print_packet(facts, overview.spread, NOW).body).hexdigest() for _ in range(2)}
        each = naive(overview, NAIVE_SAMPLE)
        desk.store.close()  # type: ignore[attr-defined]  # the SQL store has one
    pdf = pypdf.PdfReader(io.BytesIO(made.body))
    metadata = pdf.root_object["/Metadata"].get_data().decode("utf-8", "replace")  # type: ignore[union-attr,index]
    level = re.search(r"pdfaid:part>(\d)<.*?pdfaid:conformance>(\w)<", metadata, re.DOTALL)
    return {
        "exhibits": exhibits,
        "scripts": [*SCRIPTS],
        "packet_wall_s": round(wall, 2),
        "packet_cpu_s": round(spent, 2),
        "pages": len(pdf.pages),
        "bytes": len(made.body),
        "pdf_a": f"{level[1]}{level[2].lower()}" if level else "",
        "characters_without_glyph": list(made.replaced),
        "is_reproducible": len(twice) == 1,
        "naive_one_document_an_exhibit_s": round(each * exhibits, 2),
        "naive_measured_on": min(NAIVE_SAMPLE, exhibits),
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--exhibits", type=int, default=200)
    parser.add_argument("--smoke", action="store_true", help="a small case, to see that it runs")
    given = parser.parse_args()
    print(json.dumps(measure(18 if given.smoke else given.exhibits), indent=2))


if __name__ == "__main__":
    main()
