"""Make DeliveryErrors that a person can act on."""

from __future__ import annotations

from monitor.errors import DeliveryError

TEST = "Run `goodname notify test`."


class ContentRefused(DeliveryError):
    """The channel works, but this message was not taken; a plainer form of it may be."""

    is_about_message = True


def temporary(channel: str, why: str, *, try_: str = "") -> DeliveryError:
    """Say that a message was not delivered now and is tried again by itself."""
    return DeliveryError(
        f"The channel {channel} did not take the message.",
        channel=channel,
        why=why,
        try_=try_ or "Wait; it is tried again by itself.",
    )


def permanent(channel: str, why: str, *, try_: str) -> DeliveryError:
    """Say that a channel takes nothing until a person changes something."""
    return DeliveryError(
        f"The channel {channel} refuses messages.", channel=channel, permanent=True, why=why, try_=try_
    )


def content_refused(channel: str, why: str) -> ContentRefused:
    """Say that a channel refused this one message."""
    return ContentRefused(
        f"The channel {channel} refused this message.", channel=channel, permanent=True, why=why, try_=TEST
    )
