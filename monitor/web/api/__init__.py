"""What programs may ask for and record, under /api/v1, with a token or (to read) with a sign-in."""

from monitor.web.api.routes import router

__all__ = ["router"]
