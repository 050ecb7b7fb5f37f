from __future__ import annotations

import pytest

from monitor.domain import ChannelTag
from monitor.errors import ConfigError
from monitor.notify import AppriseNotifier
from monitor.notify.tags import TagFault, split_tags

HOOK = "json://127.0.0.1:9/hook?a=b"


@pytest.mark.parametrize(
    ("written", "tags"),
    [("", set()), ("likely=", {"likely"}), ("Likely, digest =", {"likely", "digest"}), (" faults,faults=", {"faults"})],
)
def test_tags_stand_before_the_url(written, tags):
    assert split_tags(f"{written}{HOOK}") == (frozenset(map(ChannelTag, tags)), HOOK)


def test_what_looks_like_a_tag_later_is_part_of_the_url():
    url = "mailto://user:pass=json://x@example.org?a=mailto://b"
    assert split_tags(url) == (frozenset(), url)


@pytest.mark.parametrize("written", ["urgent=", "likely,urgent=", ",="])
def test_an_unknown_tag_is_named_and_the_url_is_not(written):
    with pytest.raises(TagFault, match="danger, digest, faults, likely, possible") as caught:
        split_tags(written + HOOK)
    assert "127.0.0.1" not in str(caught.value)
    with pytest.raises(ConfigError) as refused:
        AppriseNotifier([written + HOOK])
    assert "127.0.0.1" not in "".join(refused.value.faults)


def test_tags_do_not_change_a_channels_name():
    plain, tagged = AppriseNotifier([HOOK]), AppriseNotifier([f"likely={HOOK}"])
    assert plain.channels == tagged.channels
    assert (plain.tags, tagged.tags) == ({}, {plain.channels[0]: {ChannelTag.LIKELY}})
