"""Rank the listed statements by how likely a text retells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.domain import Statement
from monitor.matching.encoder import Encoder
from monitor.matching.retrieval import Retriever


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """Hold one statement, its score 0-100, the wording that fits best and the words that counted."""

    statement: Statement
    score: float
    wording: str
    counted: tuple[str, ...] = ()


class StatementIndex:
    """Rank statements for texts; built once per list of statements, then only read."""

    def __init__(self, statements: Sequence[Statement], *, encoder: Encoder | None = None) -> None:
        self.statements = tuple(statements)
        self._retriever = Retriever([(s.text, *s.paraphrases) for s in self.statements], encoder)

    def rank(self, text: str, limit: int = 5) -> tuple[Ranked, ...]:
        """Give the best statements first, at most `limit`; statements that share nothing with the text are left out."""
        out = []
        for found in self._retriever.rank(text, limit):
            statement = self.statements[found.document]
            wordings = (statement.text, *statement.paraphrases)
            wording = wordings[found.wording] if found.wording < len(wordings) else statement.text
            out.append(
                Ranked(statement=statement, score=round(100 * found.score, 2), wording=wording, counted=found.counted)
            )
        return tuple(out)
