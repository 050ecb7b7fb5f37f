"""Pure text work: cleaning, links, and normalising with an offset map."""

from monitor.text.clean import clean_text, content_sha256, fallback_id
from monitor.text.links import canonical_url, is_web_url, unwrap_url
from monitor.text.page import read_page

__all__ = ["canonical_url", "clean_text", "content_sha256", "fallback_id", "is_web_url", "read_page", "unwrap_url"]
