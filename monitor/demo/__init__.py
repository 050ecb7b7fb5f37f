"""A loopback world of invented sites that the program is shown on; the program itself does not know of it."""

from monitor.demo.folder import Folder, new_folder, write_configuration
from monitor.demo.run import Stage, show
from monitor.demo.telling import Teller
from monitor.demo.world import World

__all__ = ["Folder", "Stage", "Teller", "World", "new_folder", "show", "write_configuration"]
