"""What a load balancer asks."""

from django.http import HttpRequest, HttpResponse

from marketplace.organisations import gate


@gate.page(permission=None)
def health(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; it reads nothing, so a slow database does not end a healthy process."""
    return HttpResponse("ok", content_type="text/plain")
