"""Logging in and out, and choosing on whose behalf one acts."""

from typing import Any

from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from frontend import log_in
from marketplace.organisations import gate, middleware, queries


class LogIn(views.LoginView):
    """Logging in; who has tried too often gets 429 and reads how long to wait."""

    form_class = log_in.LogInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        answer = super().form_invalid(form)
        if form.refusal is not None:
            answer.status_code = 429
            answer.headers["Retry-After"] = str(form.refusal.wait_s)
        return answer


login = LogIn.as_view()
logout = views.LogoutView.as_view()  # by POST only; the session dies with it


@require_POST
@gate.page(permission=None, methods=("POST",))
def switch_organisation(request: HttpRequest) -> HttpResponse:
    """Act for another of one's own organisations; an organisation of others is a 404."""
    if not request.user.is_authenticated:
        return redirect("login")
    chosen = request.POST.get("organisation", "")
    memberships = queries.list_memberships(user_id=request.user.pk)
    organisation = next((m.organisation for m in memberships if str(m.organisation_id) == chosen), None)
    if organisation is None:
        raise queries.NoSuchOrganisation
    request.session[middleware.SESSION_KEY] = organisation.pk
    return redirect(_next(request))


def _next(request: HttpRequest) -> str:
    """Where to go: an address of this site, or the home page."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
