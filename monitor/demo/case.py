"""Take one confirmed repeat on into a case: a packet for counsel, a letter, a notice with one part still missing."""

from __future__ import annotations

from pathlib import Path

from monitor.cases.desk import CaseDesk
from monitor.cases.letters import Sender
from monitor.cases.printing import notice_facts, notice_text, print_letter, print_notice
from monitor.demo.telling import Teller
from monitor.domain import Hit, PaperKind, Review, ReviewVerdict
from monitor.pdf import can_print

_FACTS = {
    "complainant_name": "Alina Voss",
    "complainant_email": "alina@wrenmouth.example",
    "reasons_illegal": "It states as a fact what did not happen (see below).",
    "inaccuracy": "Every deposit is on the books, and every patient was treated.",
    "harm": "Three patients have cancelled, naming the forum.",
}


def show_case(desk: CaseDesk, hit: Hit, root: Path, teller: Teller) -> list[str]:
    """Confirm a hit, open a case, write its papers into `root`/case and name them; gives every fault."""
    now = desk.clock.now()
    review = Review(
        mention_id=hit.mention_id, subject_id=hit.subject_id, verdict=ReviewVerdict.CONFIRMED, reviewed_at=now
    )
    desk.store.save_review(review)
    case = desk.open(hit.subject_id, "The town forum", jurisdictions=["DE"], mention_ids=[hit.mention_id])
    desk.give_facts(case.id, _FACTS)
    folder = root / "case"
    folder.mkdir(mode=0o700)
    sender = Sender(name="Alina Voss", email="alina@wrenmouth.example")
    letter, _ = desk.draft_letter(
        case.id, PaperKind.REMOVAL_REQUEST, addressee="The owner of the town forum", sender=sender
    )
    filled, about = desk.fill_notice(case.id, "eu-dsa-16")
    facts = notice_facts(filled, about, case_id=case.id, at=now)
    files = {"letter.txt": letter.body.encode(), "notice.txt": notice_text(facts).encode()}
    if can_print():
        files |= {"letter.pdf": print_letter(letter).body, "notice.pdf": print_notice(facts, now).body}
        files["packet.pdf"] = desk.make_packet(case.id, counsel="A. COUNSEL").body
    for name, body in files.items():
        (folder / name).write_bytes(body)
    teller.heading("One confirmed repeat becomes a case")
    teller.line("a letter and a notice are drafted, nothing is sent; the case rests for a day")
    teller.line(f"the notice is not complete: {', '.join(part.label.lower() for part in filled.missing)} is missing")
    teller.line(f"in {folder}: {', '.join(sorted(files))}")
    missing = [part.fact for part in filled.missing]
    return [] if missing == ["good_faith"] else [f"the notice lacks {missing}, not the person's word alone"]
