"""Gather what a capture sees, and turn it into what is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor import __version__
from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Observed
from monitor.evidence.completeness import PageSigns, judge, reason
from monitor.evidence.manifest import machine

_GAPS_CAP = 60


@dataclass(kw_only=True, slots=True)
class Limits:
    """Bound a capture: seconds in all, bytes loaded, and the height of its pictures in pixels."""

    seconds: float = 45.0
    load_bytes: int = 100 * 1024 * 1024
    file_bytes: int = 60 * 1024 * 1024
    height: int = 16_000
    post_height: int = 6_000

    @property
    def answer_seconds(self) -> float:
        """Give how long a site may take to begin to answer."""
        return min(20.0, self.seconds / 2)

    @property
    def parse_seconds(self) -> float:
        """Give how long a page may take to be there, pictures and frames apart."""
        return min(8.0, self.seconds / 5)

    @property
    def rest_seconds(self) -> float:
        """Give how long a page may go on loading more."""
        return min(5.0, self.seconds / 9)


@dataclass(kw_only=True, slots=True)
class Sight:
    """Hold what was seen of a page so far; `gaps` name what should have been kept and was not.

    `notes` name what is missing without making the capture less than complete: requests that the page made and that
    came to nothing, or whose answers the web archive does not hold. `recordings` counts sound and film kept beside the
    page, `lost_recordings` name what the page played and what could not be kept in that way.
    """

    request: CaptureRequest
    started_at: datetime
    captured_at: datetime
    final_url: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    remote_ip: str = ""
    tls: dict[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    text: str = ""
    title: str = ""
    asks_password: bool = False
    scripts_ran: bool = True
    has_film: bool = False
    may_have_film: bool = False
    recordings: int = 0
    lost_recordings: list[str] = field(default_factory=list)
    kept: set[ArtifactRole] = field(default_factory=set)
    gaps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    software: dict[str, str] = field(default_factory=dict)

    def gap(self, words: str) -> None:
        """Note something missing, once."""
        if words not in self.gaps and len(self.gaps) < _GAPS_CAP:
            self.gaps.append(words)

    def note(self, words: str) -> None:
        """Note a lesser thing missing, once."""
        if words not in self.notes and len(self.notes) < _GAPS_CAP:
            self.notes.append(words)

    @property
    def wants_film(self) -> bool:
        """Tell whether the page shows or may show a film that is not kept yet."""
        return bool(self.lost_recordings) or (not self.recordings and (self.has_film or self.may_have_film))

    @property
    def has_page(self) -> bool:
        """Tell whether anything of the page itself was kept."""
        return bool(self.kept & {ArtifactRole.SCREENSHOT, ArtifactRole.PAGE, ArtifactRole.TEXT})

    def observed(self, options: Mapping[str, str]) -> Observed:
        """Judge completeness and outcome; complete means that nothing is missing."""
        signs = PageSigns(
            text=self.text,
            title=self.title,
            status=self.status,
            requested_url=self.request.url,
            final_url=self.final_url,
            asks_password=self.asks_password,
            scripts_ran=self.scripts_ran,
        )
        completeness = judge(self.request.quotes, signs)
        wrong = reason(completeness)
        if wrong:
            self.gaps.insert(0, wrong)
        if self.status >= 400:
            self.gap(f"the server answered with status {self.status}")
        return Observed(
            requested_url=self.request.url,
            final_url=self.final_url or self.request.url,
            http_status=self.status,
            started_at=self.started_at,
            captured_at=self.captured_at,
            outcome=CaptureOutcome.PARTIAL if self.gaps else CaptureOutcome.COMPLETE,
            completeness=completeness,
            software={"goodname": __version__, **machine(), **self.software},
            options={**options, **self.options},
            headers=self.headers,
            redirects=self.redirects,
            remote_ip=self.remote_ip,
            tls=self.tls,
            incomplete=(*self.gaps, *self.notes),
            blocked=self.blocked,
            failure=self.gaps[0] if self.gaps else "",
        )
