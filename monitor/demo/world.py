"""The loopback world: a town's sites that change between two passes, a mailbox and a webhook."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.demo import pages, texts
from monitor.demo.serving import Inbox, Receive, Reply, Server, readable, serve_hook, serve_mail, serve_site

_NOT_FOUND = Reply(b"There is no such page.", "text/plain", 404)
_THREADS = {
    "/t/dentists": ("Which dentist?", texts.DENTISTS),
    "/t/good-morning": ("Good morning in your language ☕", texts.MORNING),
    "/t/county-games": ("County games: results", texts.GAMES),
}


class World:
    """Run the invented town on free loopback ports; a context manager.

    Starts in pass 1; `advance` goes to pass 2, in which one post is edited, one is gone and the ferry's site has
    recovered. Mails arrive as .eml files under `folder`/mailbox, webhook calls as .json under `folder`/webhook.
    `receive`, when given, takes the webhook's calls instead.
    """

    def __init__(self, folder: Path, *, receive: Receive | None = None, now: datetime | None = None) -> None:
        self._now = now or datetime.now(UTC)
        self._lock = threading.Lock()
        self._step = 1
        self._wire: tuple[texts.Post, ...] = texts.WIRE
        self._open = ExitStack()
        self.mailbox = Inbox(folder / "mailbox", ".eml")
        self.calls = Inbox(folder / "webhook", ".json")
        self.forum = self._run(serve_site(self._forum))
        self.blog = self._run(serve_site(self._blog))
        self.reviews = self._run(serve_site(self._reviews))
        self.wire = self._run(serve_site(self._wire_site))
        self.ferry = self._run(serve_site(self._ferry))
        self.mail = self._run(serve_mail(self.mailbox.keep))
        self.hook = self._run(serve_hook(receive or (lambda body: self.calls.keep(readable(body)))))

    def _run(self, server: Server) -> Server:
        self._open.callback(server.close)
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every server; idempotent."""
        self._open.close()

    @property
    def step(self) -> int:
        """Give the pass the world is in, 1 or 2."""
        with self._lock:
            return self._step

    def advance(self) -> None:
        """Go to the second pass; idempotent."""
        with self._lock:
            self._step = 2

    def publish(self, post: texts.Post) -> None:
        """Put one more story on the wire; it is in the feed from now on."""
        with self._lock:
            self._wire = (*self._wire, post)

    @property
    def sites(self) -> tuple[Server, ...]:
        """Give the servers that the program reads, which the configuration must allow."""
        return (self.forum, self.blog, self.reviews, self.wire, self.ferry)

    def _forum(self, path: str) -> Reply:
        if path.startswith("/photo/"):
            return Reply(pages.photo(), "image/png")
        if path not in _THREADS:
            return _NOT_FOUND
        title, posts = _THREADS[path]
        return Reply(pages.thread_page(title, posts, self.step, self._now))

    def _blog(self, path: str) -> Reply:
        if path == "/feed.atom":
            body = pages.atom_feed(texts.BLOG, self.step, self._now, f"http://{self.blog.address}")
            return Reply(body, "application/atom+xml; charset=utf-8")
        return self._story(path, texts.BLOG, "Salt and Slate", "Notes from a small harbour")

    def _reviews(self, path: str) -> Reply:
        return Reply(pages.review_page(texts.REVIEWS, self.step, self._now)) if path == "/voss-dental" else _NOT_FOUND

    def _wire_site(self, path: str) -> Reply:
        with self._lock:
            stories, step = self._wire, self._step
        if path == "/feed.json":
            body = pages.json_feed(stories, step, self._now, f"http://{self.wire.address}")
            return Reply(body, "application/feed+json")
        kind, _, name = path.removeprefix("/").removesuffix(".json").partition("/")
        for post in stories:
            if post.id == name and kind == "story":
                return Reply(pages.shell_page(post))
            if post.id == name and kind == "api":
                return Reply(pages.shell_data(post, step), "application/json")
        return _NOT_FOUND

    def _ferry(self, path: str) -> Reply:
        if self.step == 1:
            return Reply(b"The site is being repaired.", "text/plain", 500)
        if path == "/feed.rss":
            body = pages.rss_feed(texts.FERRY, self.step, self._now, f"http://{self.ferry.address}")
            return Reply(body, "application/rss+xml; charset=utf-8")
        return self._story(path, texts.FERRY, "Ferry Notes", "Between the two quays")

    def _story(self, path: str, posts: tuple[texts.Post, ...], site: str, motto: str) -> Reply:
        for post in posts:
            if path == f"/story/{post.id}" and post.is_shown(self.step):
                return Reply(pages.story_page(site, motto, post, self.step, self._now))
        return _NOT_FOUND
