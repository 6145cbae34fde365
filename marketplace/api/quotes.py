"""What a plan costs for a quantity, a term and an expected use: the figure that the pages and the order show."""

from decimal import Decimal, InvalidOperation
from typing import Final

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from listings import queries
from listings.prices import pricing
from marketplace.api import door
from marketplace.organisations import errors as refusals

USAGE: Final = "usage."
LONGEST_FIGURE: Final = 40


class Amount(serializers.Serializer):
    """In minor units (fen); gross = net + tax."""

    net_minor = serializers.IntegerField(source="net.amount_minor")
    tax_minor = serializers.IntegerField(source="tax.amount_minor")
    gross_minor = serializers.IntegerField(source="gross.amount_minor")


class QuoteLine(serializers.Serializer):
    """One row of a charge: of each month, or of the one charge of a one-time component."""

    component = serializers.CharField(source="component.code")
    kind = serializers.ChoiceField(choices=["one_time", "recurring", "metered"])
    row = serializers.CharField(source="line.key", help_text="Empty for a plain price; else its tier or part.")
    label = serializers.CharField(source="tier")  # type: ignore[assignment]  # a declared field does not hide it
    quantity = serializers.DecimalField(max_digits=30, decimal_places=6)
    unit_price = serializers.DecimalField(max_digits=48, decimal_places=18, help_text="Without tax.")
    net_minor = serializers.IntegerField(source="net.amount_minor")
    vat_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    formula = serializers.CharField()


class Quote(serializers.Serializer):
    """term = one_time + term_months × monthly (tax rounded for the term); term_total adds the expected use."""

    currency = serializers.CharField()
    quantity = serializers.IntegerField()
    term_months = serializers.IntegerField()
    discount = serializers.DecimalField(max_digits=5, decimal_places=4)
    one_time = Amount()
    monthly = Amount()
    term = Amount()
    usage_monthly = Amount()
    term_total = Amount()
    lines = QuoteLine(many=True)


class QuoteView(door.Door):
    """GET /api/v1/offerings/{code}/quote"""

    scopes = {"GET": None}

    @door.describe(
        operation_id="quote_offering",
        summary="Price a plan of an offering",
        description=(
            "The expected use of a month is given by meter, as in `usage.vcpu_hours=1460`. A buyer with prices of its "
            "own is quoted these."
        ),
        answers={200: Quote},
        problems=(404, 422),
        parameters=[
            OpenApiParameter("plan", str, required=True, description="The plan's code."),
            OpenApiParameter("quantity", int, description="1 if left out."),
            OpenApiParameter("term_months", int, required=True, description="One of the plan's terms."),
            OpenApiParameter(
                "usage",
                OpenApiTypes.OBJECT,
                style="form",
                explode=True,
                description="`usage.{meter}`: the use of a month, with at most 6 decimals.",
            ),
        ],
    )
    def get(self, request: Request, code: str) -> Response:
        """The quote."""
        product = queries.find_offering(code=code)
        if product is None:
            raise refusals.NotFound
        row = queries.get_offering(pk=product.pk, organisation_id=self.organisation_id)
        asked = request.query_params
        plan = next((one for one in row.plans if one.code == asked.get("plan", "")), None)
        if plan is None:
            codes = ", ".join(one.code for one in row.plans)
            raise refusals.Refused(_("Choose one of the plans: %(codes)s.") % {"codes": codes or "–"}, field="plan")
        usage = {name.removeprefix(USAGE): _figure(str(text)) for name, text in asked.items() if name.startswith(USAGE)}
        found = pricing.quote(
            plan=plan,
            quantity=_whole(asked.get("quantity", "1")),
            term_months=_whole(asked.get("term_months", "")),
            usage=usage,
        )
        return Response(Quote(found).data)


def _whole(text: str) -> int:
    """A whole number; -1, which nothing is, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _figure(text: str) -> Decimal:
    """A decimal number; NaN, which no meter shows, for anything else."""
    try:
        return Decimal(text) if len(text) <= LONGEST_FIGURE else Decimal("NaN")
    except InvalidOperation:
        return Decimal("NaN")
