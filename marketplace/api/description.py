"""The API described: OpenAPI at /api/schema/, and a page to read and try it at /api/docs/."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from drf_spectacular import views

# The page's own script and style sheets come from here; its icons are data addresses in that style sheet.
POLICY: Final = "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"


class Schema(views.SpectacularAPIView):
    """OpenAPI 3, for everyone."""

    authentication_classes: list[Any] = []


class Docs(views.SpectacularSwaggerSplitView):
    """Swagger UI without anything inline."""

    authentication_classes: list[Any] = []
    template_name = "api/docs.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Adds the page's own content security policy."""
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response
