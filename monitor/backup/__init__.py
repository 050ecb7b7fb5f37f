"""Write everything an installation holds into one file, and read it back; knows no database and no evidence."""

from monitor.backup.contents import CONTENTS, Contents, Entry
from monitor.backup.newfile import new_file
from monitor.backup.pack import pack
from monitor.backup.seal import check_recipient, opened, seal_file, sealed
from monitor.backup.unpack import unpack

__all__ = [
    "CONTENTS",
    "Contents",
    "Entry",
    "check_recipient",
    "new_file",
    "opened",
    "pack",
    "seal_file",
    "sealed",
    "unpack",
]
