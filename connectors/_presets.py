"""Write the address of a platform's feed from the one thing a person knows about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from monitor.domain import MentionKind
from monitor.text import is_web_url

PresetName = Literal[
    "bluesky_profile",
    "discourse",
    "google_alerts",
    "google_news",
    "mastodon_profile",
    "mastodon_tag",
    "reddit_feed",
    "stackexchange_tag",
    "wordpress_comments",
    "wordpress_posts",
    "youtube_channel",
]
_HOST = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"


@dataclass(frozen=True, slots=True)
class Preset:
    """Hold how one platform's feeds are addressed; `value` says what a person has to give."""

    kind: MentionKind
    value: str
    address: Callable[[str], str]


def feed_url(name: PresetName, value: str, base_url: str = "") -> str:
    """Give the feed's address, at `base_url` if given; raises ValueError that says what is expected."""
    preset = PRESETS[name]
    try:
        url = preset.address(value.strip())
    except ValueError as error:
        raise ValueError(f"the preset {name!r} needs {preset.value}") from error
    if not base_url:
        return url
    parts = urlsplit(url)
    return f"{base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _match(pattern: str, value: str) -> re.Match[str]:
    found = re.fullmatch(pattern, value, re.IGNORECASE)
    if not found:
        raise ValueError(value)
    return found


def _google_alerts(value: str) -> str:
    found = _match(r"(?:https://www\.google\.[a-z.]+/alerts/feeds/)?(\d{5,30})/(\d{5,30})", value)
    return f"https://www.google.com/alerts/feeds/{found[1]}/{found[2]}"


def _google_news(value: str) -> str:
    if not value:
        raise ValueError(value)
    return f"https://news.google.com/rss/search?q={quote(value, safe='')}"


def _youtube(value: str) -> str:
    found = _match(r"(?:https://(?:www\.)?youtube\.com/channel/)?(UC[\w-]{22})", value)
    return f"https://www.youtube.com/feeds/videos.xml?channel_id={found[1]}"


def _site(value: str) -> str:
    parts = urlsplit(value if "://" in value else f"https://{value}")
    if not is_web_url(parts.geturl()) or not re.fullmatch(r"[\w.:\[\]-]+", parts.netloc) or parts.query:
        raise ValueError(value)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _reddit(value: str) -> str:
    found = _match(r"https://(?:www|old)\.reddit\.com(/[^?\s]*\.rss\?[^\s#]*feed=[0-9a-f]+[^\s#]*)", value)
    return f"https://www.reddit.com{found[1]}"


def _stackexchange(value: str) -> str:
    found = _match(rf"({_HOST})/([\w.+#-]+)", value)
    return f"https://{found[1]}/feeds/tag/{quote(found[2], safe='')}"


def _bluesky(value: str) -> str:
    return f"https://bsky.app/profile/{_match(rf'@?({_HOST})', value)[1]}/rss"


def _mastodon_profile(value: str) -> str:
    found = _match(rf"@?([\w.-]+)@({_HOST})", value)
    return f"https://{found[2]}/@{found[1]}.rss"


def _mastodon_tag(value: str) -> str:
    found = _match(rf"#?(\w+)@({_HOST})", value)
    return f"https://{found[2]}/tags/{quote(found[1])}.rss"


PRESETS: dict[PresetName, Preset] = {
    "bluesky_profile": Preset(MentionKind.POST, "a handle such as somebody.bsky.social", _bluesky),
    "discourse": Preset(
        MentionKind.POST, "a forum's address such as https://forum.example", lambda value: f"{_site(value)}/posts.rss"
    ),
    "google_alerts": Preset(
        MentionKind.ARTICLE, 'an alert\'s feed address, or its two numbers as "USER/ALERT"', _google_alerts
    ),
    "google_news": Preset(MentionKind.ARTICLE, "the words to search for", _google_news),
    "mastodon_profile": Preset(MentionKind.POST, "an account such as somebody@mastodon.example", _mastodon_profile),
    "mastodon_tag": Preset(MentionKind.POST, "a tag and a server such as dentist@mastodon.example", _mastodon_tag),
    "reddit_feed": Preset(
        MentionKind.POST, "the address of a personal feed, from reddit.com/prefs/feeds, with its feed= key", _reddit
    ),
    "stackexchange_tag": Preset(MentionKind.POST, "a site and a tag such as serverfault.com/backup", _stackexchange),
    "wordpress_comments": Preset(
        MentionKind.COMMENT,
        "a blog's address such as https://blog.example",
        lambda value: f"{_site(value)}/comments/feed/",
    ),
    "wordpress_posts": Preset(
        MentionKind.ARTICLE, "a blog's address such as https://blog.example", lambda value: f"{_site(value)}/feed/"
    ),
    "youtube_channel": Preset(MentionKind.VIDEO, "a channel's id, which begins with UC", _youtube),
}
