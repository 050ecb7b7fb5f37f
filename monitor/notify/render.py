"""Turn alerts and digests into messages; pure: no clock, no files, no network."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from monitor.domain import Alert, Digest, Hit, Message
from monitor.notify import hits, pictures, templates
from monitor.notify.hits import Opener
from monitor.notify.notices import NoticeWriter, notice_text
from monitor.notify.pictures import NO_PICTURES
from monitor.notify.safe import TITLE_LIMIT, one_line
from monitor.notify.summary import SummaryWriter, summary_text
from monitor.notify.words import Words
from monitor.text import is_web_url

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Environment

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]+")


class WordRenderer:
    """Render alerts and digests, calm and neutral, as text and HTML; keeps the `Renderer` port.

    With the veil on (the default) no name, title, quote, statement or address from a mention stands anywhere in a
    message, only the source's configured name, scores, times and hashes. `base_url` is the dashboard's address for
    links (empty, or not a web address: commands only). `links` gives the links with which an alert can be answered, by
    what they do; the words for each are `act.` and its name. `timezone` is for alerts; a digest brings its own.
    `environment` replaces the built-in templates. Raises ConfigError for a language without texts.
    """

    def __init__(
        self,
        *,
        sender_domain: str = "goodname.invalid",
        base_url: str = "",
        veil: bool = True,
        open_command: str = "goodname hits show",
        language: str = "en",
        timezone: str = "UTC",
        environment: Environment | None = None,
        links: Callable[[Alert], Mapping[str, str]] | None = None,
    ) -> None:
        self._domain = _NOT_IN_IDS.sub("-", sender_domain).strip(".-") or "goodname.invalid"
        self._words = Words(language)
        address = base_url.rstrip("/")
        opener = Opener(base_url=address if is_web_url(address) else "", command=open_command)
        self._notices = NoticeWriter(
            words=self._words, opener=opener, timezone=hits.zone(timezone), veil=veil, links=links
        )
        self._summaries = SummaryWriter(words=self._words, opener=opener, veil=veil)
        self._environment = environment

    @cached_property
    def _inliner(self) -> CSSInliner:
        from css_inline import CSSInliner  # noqa: PLC0415 # only when a mail is written

        # Styles that an `@media` rule needs stay in the head; everything else goes onto the elements, for mail
        # programs that drop the head. Nothing is ever loaded from elsewhere.
        return CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False, minify_css=True)

    def alert(
        self, alert: Alert, hit: Hit | None, *, chain_head: str, thumbnails: Mapping[str, bytes] = NO_PICTURES
    ) -> Message:
        """Render one alert; `hit` is what is known now of its mention, evidence included.

        What each kind reads from the payload stands at the top of `monitor.notify.notices`.
        """
        message_id = self._alert_id(alert)
        notice = self._notices.write(alert, hit, chain_head=chain_head, reference=_reference(message_id))
        shown = pictures.named(message_id, [hit.capture_id] if hit else [], thumbnails)
        return Message(
            message_id=message_id,
            title=one_line(notice.title, TITLE_LIMIT),
            text=notice_text(self._words, notice),
            html=self._html("notice.html.j2", notice=notice, shown=tuple(shown.values())),
            pictures=tuple(shown.values()),
        )

    def minimal(self, alert: Alert) -> Message:
        """Render the least, as text only; reads nothing of the mention or the payload, so that it cannot fail."""
        message_id = self._alert_id(alert)
        notice = self._notices.minimal(alert, reference=_reference(message_id))
        return Message(message_id=message_id, title=notice.title, text=notice_text(self._words, notice))

    def digest(self, digest: Digest, *, message_id: str, thumbnails: Mapping[str, bytes] = NO_PICTURES) -> Message:
        """Render one period, also an empty one; an id without a domain gets this installation's."""
        full_id = self._with_domain(message_id)
        summary = self._summaries.write(digest, reference=_reference(full_id))
        cards = [card for group in summary.groups for card in group.cards]
        shown = pictures.named(full_id, [card.capture_id for card in cards], thumbnails)
        return Message(
            message_id=full_id,
            title=one_line(summary.title, TITLE_LIMIT),
            text=summary_text(self._words, summary),
            html=self._html("digest.html.j2", summary=summary, shown=shown),
            pictures=tuple(shown.values()),
        )

    def _html(self, template: str, **facts: object) -> str:
        page = (self._environment or templates.load()).get_template(template).render(words=self._words, **facts)
        return str(self._inliner.inline(page))

    def _alert_id(self, alert: Alert) -> str:
        """Make the id from the dedupe key alone, so that it is the same at every try and after a restore."""
        digest = hashlib.sha256(alert.dedupe_key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._with_domain(f"{alert.kind}-{digest[:20]}")

    def _with_domain(self, message_id: str) -> str:
        local, _, domain = message_id.strip().strip("<>").partition("@")
        local = _NOT_IN_IDS.sub("-", local).strip(".-") or "message"
        domain = _NOT_IN_IDS.sub("-", domain).strip(".-")
        return f"{local[:100]}@{domain[:100] or self._domain}"


def _reference(message_id: str) -> str:
    return message_id.partition("@")[0]
