"""What is shown over HTTP; knows ports, not adapters."""

from monitor.web.dashboard import dashboard
from monitor.web.dates import DueDay
from monitor.web.feeds import Feeds, feeds_router
from monitor.web.health import Figures, Probe, SourceProbe, create_app
from monitor.web.server import WebServer
from monitor.web.signing_in import new_link
from monitor.web.site import Site
from monitor.web.tokens import drop_api_token, new_api_token

__all__ = [
    "DueDay",
    "Feeds",
    "Figures",
    "Probe",
    "Site",
    "SourceProbe",
    "WebServer",
    "create_app",
    "dashboard",
    "drop_api_token",
    "feeds_router",
    "new_api_token",
    "new_link",
]
