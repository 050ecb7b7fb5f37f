"""Write the invented sites' pages and feeds; pure."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape

from monitor.demo.texts import Post

_STYLE = """
body{margin:0;background:#f4f1ea;color:#26302f;font:16px/1.55 "Noto Sans",system-ui,sans-serif}
header.site{background:#2f5d62;color:#fff;padding:18px 28px;font-size:20px}
header.site small{display:block;font-size:13px;opacity:.8}
main{max-width:760px;margin:24px auto;padding:0 20px}
h1{font-size:24px;font-weight:600}
.post{background:#fff;border:1px solid #ddd6c8;border-radius:8px;padding:14px 18px;margin:14px 0}
.post .by{color:#5e6f6c;font-size:13px;margin-bottom:6px}
.post .author{font-weight:600;color:#2f5d62}
.body p{margin:6px 0;white-space:pre-line;unicode-bidi:plaintext}
.stars{color:#b07d2b;letter-spacing:2px}
img{border-radius:6px;margin-top:8px}
footer{color:#7d8784;font-size:12px;text-align:center;padding:30px}
"""


def _page(site: str, motto: str, title: str, body: str, *, head: str = "") -> bytes:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)} – {escape(site)}</title><link rel="icon" href="data:,">{head}'
        f'<style>{_STYLE}</style></head><body><header class="site">{escape(site)}<small>{escape(motto)}</small>'
        f"</header><main><h1>{escape(title)}</h1>\n{body}\n</main>"
        "<footer>An invented page of an invented town, shown by the demonstration.</footer></body></html>\n"
    ).encode()


def _written(post: Post, now: datetime) -> datetime:
    return (now - timedelta(hours=post.age_hours)).replace(microsecond=0)


def _shown(posts: Iterable[Post], step: int) -> tuple[Post, ...]:
    return tuple(post for post in posts if post.is_shown(step))


def _article(post: Post, step: int, now: datetime, extra: str = "") -> str:
    written = _written(post, now)
    photo = f'<img src="/photo/{escape(post.photo)}" width="240" height="120" alt="a quay">' if post.photo else ""
    return (
        f'<article class="post" id="{escape(post.id)}"><div class="by">'
        f'<span class="author">{escape(post.author)}</span>'
        f' · <time datetime="{written.isoformat()}">{written:%d %b %Y, %H:%M}</time>{extra}</div>'
        f'<div class="body"><p dir="auto">{escape(post.words(step))}</p>{photo}</div></article>'
    )


def thread_page(title: str, posts: Sequence[Post], step: int, now: datetime) -> bytes:
    """Write one thread of the forum; each post is an `article.post` with an id."""
    body = "\n".join(_article(post, step, now) for post in _shown(posts, step))
    return _page("Wrenmouth Talk", "The town's own forum", title, body)


def story_page(site: str, motto: str, post: Post, step: int, now: datetime) -> bytes:
    """Write the page of one blog entry."""
    return _page(site, motto, post.title, _article(post, step, now))


def review_page(posts: Sequence[Post], step: int, now: datetime) -> bytes:
    """Write a review page whose reviews also stand in JSON-LD, as search engines ask for."""
    shown = _shown(posts, step)
    stars = {post.id: f' · <span class="stars">{"★" * post.rating}{"☆" * (5 - post.rating)}</span>' for post in shown}
    body = "\n".join(_article(post, step, now, stars[post.id]) for post in shown)
    linked = {
        "@context": "https://schema.org",
        "@type": "Dentist",
        "name": "Voss Dental",
        "address": "1 Quay Street, Wrenmouth",
        "review": [
            {
                "@type": "Review",
                "@id": f"#{post.id}",
                "author": {"@type": "Person", "name": post.author},
                "datePublished": _written(post, now).isoformat(),
                "name": post.title,
                "reviewBody": post.words(step),
                "reviewRating": {"@type": "Rating", "ratingValue": post.rating, "bestRating": 5},
            }
            for post in shown
        ],
    }
    safe = json.dumps(linked, ensure_ascii=False).replace("<", "\\u003c")
    head = f'<script type="application/ld+json">{safe}</script>'
    return _page("Wrenmouth Stars", "Reviews by neighbours", "Voss Dental, Quay Street", body, head=head)


def shell_page(post: Post) -> bytes:
    """Write a page without its text: a script fetches that from `/api/ID.json` once the page is open."""
    body = (
        f'<article class="post" id="{escape(post.id)}"><div class="by"><span class="author"></span></div>'
        '<div class="body"><p id="words">One moment …</p></div></article>'
        "<script>fetch('/api/' + document.querySelector('article').id + '.json').then(r => r.json()).then(s => {"
        "document.querySelector('.author').textContent = s.author;"
        "document.getElementById('words').textContent = s.text; })</script>"
    )
    return _page("Wrenmouth Wire", "News, as it comes in", post.title, body)


def shell_data(post: Post, step: int) -> bytes:
    """Write what that script fetches."""
    return json.dumps({"author": post.author, "text": post.words(step)}, ensure_ascii=False).encode()


def json_feed(posts: Sequence[Post], step: int, now: datetime, base: str) -> bytes:
    """Write a JSON Feed 1.1."""
    items = [
        {
            "id": f"{base}/story/{post.id}",
            "url": f"{base}/story/{post.id}",
            "title": post.title,
            "content_text": post.words(step),
            "date_published": _written(post, now).isoformat(),
            "authors": [{"name": post.author}],
        }
        for post in reversed(_shown(posts, step))
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Wrenmouth Wire",
        "home_page_url": f"{base}/",
        "feed_url": f"{base}/feed.json",
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def atom_feed(posts: Sequence[Post], step: int, now: datetime, base: str) -> bytes:
    """Write an Atom feed."""
    entries = "".join(
        f"<entry><id>tag:salt-and-slate.example,2026:{escape(post.id)}</id><title>{escape(post.title)}</title>"
        f'<link href="{base}/story/{escape(post.id)}"/><published>{_written(post, now).isoformat()}</published>'
        f"<updated>{_written(post, now).isoformat()}</updated><author><name>{escape(post.author)}</name></author>"
        f'<content type="html">{escape(f"<p>{escape(post.words(step))}</p>")}</content></entry>\n'
        for post in reversed(_shown(posts, step))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        "<id>tag:salt-and-slate.example,2026:feed</id><title>Salt and Slate</title>"
        f'<link rel="self" href="{base}/feed.atom"/><updated>{now.replace(microsecond=0).isoformat()}</updated>\n'
        f"{entries}</feed>\n"
    ).encode()


def rss_feed(posts: Sequence[Post], step: int, now: datetime, base: str) -> bytes:
    """Write an RSS 2.0 feed."""
    items = "".join(
        f'<item><guid isPermaLink="false">{escape(post.id)}</guid><title>{escape(post.title)}</title>'
        f"<link>{base}/story/{escape(post.id)}</link><pubDate>{format_datetime(_written(post, now))}</pubDate>"
        f"<description>{escape(post.words(step))}</description></item>\n"
        for post in reversed(_shown(posts, step))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>Ferry Notes</title>'
        f"<link>{base}/</link><description>Between the two quays</description>\n{items}</channel></rss>\n"
    ).encode()


def photo() -> bytes:
    """Draw a small PNG: sun, sea, a sail and a quay."""
    width, height = 240, 120
    rows = b"".join(b"\x00" + b"".join(_colour(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _colour(x: int, y: int) -> bytes:
    if y > 98 + (x % 40) // 20:
        return bytes((112, 98, 86))  # the quay's stones
    if 0 < y - 26 < 40 and abs(x - 90) < (y - 26) // 2 and x != 90:
        return bytes((250, 247, 240))  # a sail
    if 66 < y < 74 and abs(x - 90) < 88 - y:
        return bytes((94, 60, 44))  # its boat
    if (x - 186) ** 2 + (y - 26) ** 2 < 170:
        return bytes((244, 205, 120))  # the sun
    if y > 62:
        return bytes((78, 130, 146)) if (x + 3 * y) % 46 > 6 else bytes((110, 158, 170))
    return bytes((198 + y // 3, 219 + y // 6, 230))
