"""Compare addresses that mean the same page, and unwrap redirecting ones."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_TRACKING = frozenset(
    "fbclid gclid dclid msclkid igshid mc_cid mc_eid yclid twclid ref_src ref_url spm _hsenc _hsmi vero_id".split()
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIRECTORS = {
    ("www.google.com", "/url"): ("url", "q"),
    ("google.com", "/url"): ("url", "q"),
    ("l.facebook.com", "/l.php"): ("u",),
    ("www.youtube.com", "/redirect"): ("q",),
}


def is_web_url(url: str) -> bool:
    """Tell whether an address is a well-formed http or https one with a host; anything else is never a link."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return False


def unwrap_url(url: str) -> str:
    """Give the address that a known redirecting link carries in its query, or the address itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    for name in _REDIRECTORS.get((parts.hostname or "", parts.path), ()):
        for target in parse_qs(parts.query).get(name, ()):
            if is_web_url(target):
                return target
    return url


def canonical_url(url: str) -> str:
    """Give one spelling for addresses that mean the same page.

    Scheme and host in lower case, IDN as punycode, default port, fragment and tracking parameters dropped, the rest
    of the query in its order. An address that cannot be read is given back as it is. Used to compare, never to
    fetch.
    """
    try:
        parts = urlsplit(unwrap_url(url.strip()))
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port
    except (ValueError, UnicodeError):
        return url
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return url
    netloc = f"[{host}]" if ":" in host else host
    if port and port != _DEFAULT_PORTS[parts.scheme]:
        netloc = f"{netloc}:{port}"
    pairs = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in _TRACKING and not name.startswith("utm_")
    ]
    path = quote(unquote(parts.path, errors="surrogateescape"), safe="/%:@!$&'()*+,;=~-._", errors="surrogateescape")
    return urlunsplit((parts.scheme, netloc, path or "/", urlencode(pairs), ""))
