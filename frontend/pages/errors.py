"""Answers to what went wrong before a view was reached."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually a page kept open over a log-in or log-out."""
    return render(request, "403_csrf.html", status=403)
