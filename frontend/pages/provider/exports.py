"""Export centre: a provider's own files."""

from django.http import FileResponse, HttpRequest, HttpResponse

from frontend.pages import exports
from marketplace.organisations import gate


@gate.page(permission="exports.view", side="provider", methods=("GET", "POST"))
def show_exports(request: HttpRequest) -> HttpResponse:
    return exports.show_exports(request, console="provider")


@gate.page(permission="exports.view", side="provider")
def show_progress(request: HttpRequest, number: str) -> HttpResponse:
    return exports.show_progress(request, number=number, console="provider")


@gate.page(permission="exports.view", side="provider")  # type: ignore[arg-type]  # a stream is no HttpResponse
def download(request: HttpRequest, number: str) -> FileResponse:
    return exports.download(request, number=number)
