from pathlib import Path

from goodname_guestbook import GuestbookConnector

from monitor.plugins import load_connectors
from monitor.testing.kit import ConnectorKit
from monitor.testing.recording import Recording


class TestGuestbook(ConnectorKit):
    connector = GuestbookConnector
    settings = {"base_url": "https://guestbook.example"}
    recording = Recording.load(Path(__file__).with_name("recording.json"))


def test_goodname_finds_it() -> None:
    assert load_connectors().connectors["guestbook"].distribution == "goodname-guestbook"
