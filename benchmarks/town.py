"""What the benchmarks that kill processes share: the command, and an invented town that goes on publishing."""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.demo import World
from monitor.demo.texts import FINDS, Post

COMMAND = Path(sys.executable).with_name("goodname")


def publish_repeats(world: World, before: int, count: int) -> int:
    """Put more repeats on the wire, each at an address with "/story/kill-"; gives how many there are then."""
    for number in range(before + 1, before + count + 1):
        text = (
            f"Alina Voss took deposits from patients and never treated them. "
            f"The dentist of Quay Street, as told at table {number}."
        )
        world.publish(Post(id=f"kill-{number}", author="No Name", age_hours=0, title="Talk", text=text))
    return before + count


def lasting_repeats() -> int:
    """Count the town's own likely repeats that stay.

    The post that is taken down may have gone before anybody lived long enough to read it.
    """
    return sum(1 for find in FINDS if find.likely and find.words != "Keep away.")
