"""The one outbound client: guard against private addresses, caps, rates, retry times, robots.txt."""

from monitor.http.client import HttpClient, SourceHttp
from monitor.http.guard import AddressGuard, is_forbidden
from monitor.http.limits import HttpLimits

__all__ = ["AddressGuard", "HttpClient", "HttpLimits", "SourceHttp", "is_forbidden"]
