"""Write everything an installation holds into one file, and read it back; knows no database and no evidence."""

from monitor.backup.contents import CONTENTS, Contents, Entry
from monitor.backup.newfile import new_file
from monitor.backup.pack import pack
from monitor.backup.seal import opened, sealed
from monitor.backup.unpack import unpack

__all__ = ["CONTENTS", "Contents", "Entry", "new_file", "opened", "pack", "sealed", "unpack"]
