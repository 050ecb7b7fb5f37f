"""What is shown over HTTP; knows ports, not adapters."""

from monitor.web.dates import DueDay
from monitor.web.feeds import Feeds, feeds_router
from monitor.web.health import Probe, SourceProbe, create_app
from monitor.web.metrics import Figures
from monitor.web.server import WebServer

__all__ = ["DueDay", "Feeds", "Figures", "Probe", "SourceProbe", "WebServer", "create_app", "feeds_router"]
