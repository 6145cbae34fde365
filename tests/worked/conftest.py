"""The contract of the worked examples of credits."""

import pytest

from tests.worked import breaches


@pytest.fixture
def contract(request):
    """One that broke its promise in October; the parameter, if any, is its listing's own credit table."""
    return breaches.breached(sla_credits=getattr(request, "param", ""))
