"""What is shown over HTTP; knows ports, not adapters."""

from monitor.web.health import Probe, SourceProbe, create_app
from monitor.web.server import WebServer

__all__ = ["Probe", "SourceProbe", "WebServer", "create_app"]
