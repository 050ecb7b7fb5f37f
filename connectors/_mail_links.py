"""Find the real link in a platform's mail, without the tracking and the login tokens that it carries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from monitor.domain import MentionKind
from monitor.text import is_web_url, unwrap_url

_CONTENT = re.compile(
    r"permalink|story_fbid|/posts?/|/status/|/comments?/|/watch|/p/|/reel/|/reviews?|/feed/update|/photo|/video|/questions?/"
    r"|/topics?/|/t/|/articles?/|/pulse/|[?&]lc=|/groups/"
)
_NO_CONTENT = re.compile(
    r"unsubscribe|/settings|/help|/legal|/privacy|/terms|/login|/signup|/o\.php|email_preferences|/notifications"
    r"|/account|/preferences|optout|/support|/password|/security",
    re.IGNORECASE,
)
# What a content link needs; anything else may be a token that logs the reader in, and is never kept.
_KEPT = frozenset(
    "story_fbid id fbid set comment_id reply_comment_id multi_permalinks v lc p q postid reviewid hl commenturn"
    " replyurn thread threadid topic page".split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """Name a platform by the domains that its mails come from and the hosts its content is on; none: any host."""

    name: str
    senders: tuple[str, ...]
    hosts: tuple[str, ...]
    kind: MentionKind = MentionKind.POST


PLATFORMS: tuple[Platform, ...] = (
    Platform(name="Facebook", senders=("facebookmail.com",), hosts=("facebook.com",)),
    Platform(name="Instagram", senders=("mail.instagram.com",), hosts=("instagram.com",)),
    Platform(name="LinkedIn", senders=("linkedin.com",), hosts=("linkedin.com",)),
    Platform(name="X", senders=("x.com", "twitter.com"), hosts=("x.com", "twitter.com")),
    Platform(name="Reddit", senders=("redditmail.com",), hosts=("reddit.com",)),
    Platform(name="YouTube", senders=("youtube.com",), hosts=("youtube.com", "youtu.be"), kind=MentionKind.COMMENT),
    Platform(name="Glassdoor", senders=("glassdoor.com",), hosts=("glassdoor.com",), kind=MentionKind.REVIEW),
    Platform(
        name="Trustpilot",
        senders=("trustpilot.com", "trustpilotmail.com"),
        hosts=("trustpilot.com",),
        kind=MentionKind.REVIEW,
    ),
    Platform(name="Yelp", senders=("yelp.com",), hosts=("yelp.com",), kind=MentionKind.REVIEW),
    Platform(
        name="Tripadvisor",
        senders=("tripadvisor.com", "e.tripadvisor.com"),
        hosts=("tripadvisor.com",),
        kind=MentionKind.REVIEW,
    ),
    Platform(name="Nextdoor", senders=("nextdoor.com", "is.email.nextdoor.com"), hosts=("nextdoor.com",)),
    Platform(name="Quora", senders=("quora.com",), hosts=("quora.com",)),
    Platform(name="Tumblr", senders=("tumblr.com",), hosts=("tumblr.com",)),
    Platform(name="Disqus", senders=("disqus.net", "disqus.com"), hosts=(), kind=MentionKind.COMMENT),
)


def real_link(href: str) -> str:
    """Give the address behind a redirecting link, the address itself, or an empty string for what is no link."""
    href = href.strip()
    if not is_web_url(href) or len(href) > 4_000:
        return ""
    return unwrap_url(href)


def content_link(hrefs: Iterable[str], platform: Platform) -> str:
    """Choose the link that leads to what was published, cleaned; empty when there is none."""
    usable = []
    for href in hrefs:
        link = clean_link(real_link(href), platform)
        if link and not _NO_CONTENT.search(link):
            usable.append(link)
    return next((one for one in usable if _CONTENT.search(one)), "" if platform.hosts else next(iter(usable), ""))


def author_link(anchors: Iterable[tuple[str, str]], name: str, platform: Platform) -> str:
    """Give the link that stands on the author's name, cleaned; empty when there is none."""
    for href, words in anchors:
        if name and words == name:
            link = clean_link(real_link(href), platform)
            if link and not _CONTENT.search(link):
                return link
    return ""


def clean_link(link: str, platform: Platform) -> str:
    """Give a link without tracking and tokens; empty when it is not on the platform's hosts."""
    if not link:
        return ""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if platform.hosts and not any(host == one or host.endswith(f".{one}") for one in platform.hosts):
        return ""
    if host.endswith("facebook.com") and parts.path.rstrip("/") == "/n":
        # /n/?permalink.php&story_fbid=1&id=2&...: the first name is the path behind the redirection
        path = parts.query.partition("&")[0]
        inner = urljoin("https://www.facebook.com/", path.lstrip("/"))
        parts = urlsplit(inner)._replace(query=parts.query.partition("&")[2])
        if parts.hostname != "www.facebook.com":
            return ""
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() in _KEPT]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(kept), ""))
