"""What is for sale, with its prices, as the catalogue's pages show it."""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.rules import availability
from listings import queries, wording
from listings.recommended import queries as recommended
from listings.search import bands, filters
from marketplace.api import door
from marketplace.api.contracts import Component
from marketplace.organisations import errors as refusals

CONDITIONS: Final = {
    "service": "iaas, paas, saas, value_added or project.",
    "category": "The category's name in addresses, e.g. cloud-hosts.",
    "region": "GB/T 2260 code of the data centre's prefecture or county.",
    "deployment": "public, private, hybrid or community.",
    "mlps": "MLPS level of the data centre, 1 to 5; only what a verified document proves today counts.",
    "price_band": "Price per normalised unit, CNY with tax, e.g. vcpu_month:20-40; low included, high not.",
    "sla": "Availability in per cent: " + ", ".join(bands.bands_of("sla")) + ".",
    "pue": "Measured PUE, verified: " + ", ".join(bands.bands_of("pue")) + ".",
    "green": "Share of green power in per cent, verified: " + ", ".join(bands.bands_of("green")) + ".",
    "lead": "Days until it is ready: " + ", ".join(bands.bands_of("lead")) + ".",
    "domain": "Code of a solution domain.",
    "language": "en or mn: described also in English or Mongolian.",
}


class Term(serializers.Serializer):
    """A length of contract."""

    months = serializers.IntegerField()
    discount = serializers.DecimalField(max_digits=5, decimal_places=4, help_text="On the monthly prices.")


class Plan(serializers.Serializer):
    """One way to buy an offering."""

    code = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField(source="price_book.currency")
    price_book_version = serializers.IntegerField(source="price_book.version")
    basis = serializers.ChoiceField(
        choices=["list", "negotiated", "framework"],
        source="price_book.basis",
        help_text="Other than `list`: agreed with your organisation, and shown to it only.",
    )
    valid_until = serializers.DateField(source="price_book.valid_until", allow_null=True)
    components = Component(many=True, source="components.all")
    terms = Term(many=True, source="terms.all")


class ExitTerms(serializers.Serializer):
    """What leaving costs and what one takes along; null or empty where the provider does not say."""

    notice_days = serializers.IntegerField(allow_null=True, source="exit_notice_days")
    export_days = serializers.IntegerField(
        allow_null=True, source="exit_export_days", help_text="Days after the end in which data can be fetched."
    )
    export_formats = serializers.CharField(source="exit_export_formats")
    fee = serializers.DecimalField(
        max_digits=14, decimal_places=2, allow_null=True, source="exit_fee", help_text="CNY without tax."
    )


class Means(serializers.Serializer):
    """What buyers said of it; null without a review that is shown."""

    count = serializers.IntegerField(source="review_count", help_text="Reviews that are shown.")
    service = serializers.DecimalField(
        max_digits=3, decimal_places=2, allow_null=True, source="service_score", help_text="Mean, 1 to 5."
    )
    delivery = serializers.DecimalField(
        max_digits=3, decimal_places=2, allow_null=True, source="delivery_score", help_text="Mean, 1 to 5."
    )


class CreditStep(serializers.Serializer):
    """What a month below an availability earns."""

    below = serializers.DecimalField(
        max_digits=6, decimal_places=3, allow_null=True, help_text="Availability in per cent; null: what is promised."
    )
    percent = serializers.DecimalField(max_digits=6, decimal_places=3, help_text="Of the month's charges.")


class Offering(serializers.Serializer):
    """One provider's service in one data centre."""

    code = serializers.CharField(source="product.code")
    title = serializers.CharField()
    category = serializers.CharField()
    service_model = serializers.CharField(source="product.service_model")
    provider = serializers.CharField(source="product.partner.name")
    data_centre = serializers.CharField(source="product.data_centre.name")
    deployment_models = serializers.ListField(child=serializers.CharField(), source="product.deployment_models")
    sla_percent = serializers.DecimalField(
        max_digits=6, decimal_places=3, allow_null=True, source="product.sla_percent"
    )
    is_orderable = serializers.BooleanField()
    remaining = serializers.IntegerField(allow_null=True, help_text="Units left; null without a limit.")
    specs = serializers.DictField(source="product.specs")
    reviews = Means(source="product")
    plans = Plan(many=True)


class OfferingDetail(Offering):
    """With what a procurement officer asks for beside the price."""

    version = serializers.IntegerField(
        source="product.version_number", help_text="Of its content; a contract names the version that was bought."
    )
    summary = serializers.SerializerMethodField(help_text="In the language of the answer, else in Chinese.")
    support = serializers.ChoiceField(
        choices=["5x8", "7x12", "7x24", ""], source="product.support", help_text="Empty: not stated."
    )
    sla_credits = serializers.SerializerMethodField(
        help_text="The offering's own credits for a missed month, the mildest first; empty: the marketplace's table."
    )
    exit_terms = ExitTerms(source="product")
    recommended_edition = serializers.SerializerMethodField(
        help_text="Number of the edition of the recommended catalogue in force that names it, or null."
    )

    def get_summary(self, row: queries.OfferingRow) -> str:
        """What it is, in a few sentences."""
        return wording.choose(row.product.summary, row.product.summary_en)

    @extend_schema_field(CreditStep(many=True))
    def get_sla_credits(self, row: queries.OfferingRow) -> list[dict[str, Any]]:
        """The steps of its table."""
        text = row.product.sla_credits
        return list(CreditStep(availability.read_table(text) if text else (), many=True).data)

    def get_recommended_edition(self, row: queries.OfferingRow) -> str | None:
        """The edition that gives it its badge."""
        found = recommended.recommendation_of(product_id=row.product.pk) if row.product.is_recommended else None
        return found.edition.number if found else None


class Offerings(door.Door):
    """GET /api/v1/offerings"""

    scopes = {"GET": None}

    @door.describe(
        operation_id="search_offerings",
        summary="Search the catalogue",
        description="Several values of one parameter widen the search, several parameters narrow it.",
        answers={200: door.page_of(Offering, "Offerings")},
        problems=(404, 422),
        parameters=[
            OpenApiParameter("page", int, description="From 1; 20 a page."),
            OpenApiParameter("q", str, description="Words."),
            *(OpenApiParameter(kind, str, many=True, description=text) for kind, text in CONDITIONS.items()),
            OpenApiParameter("recommended", str, enum=["0", "1"]),
            OpenApiParameter("price_min", OpenApiTypes.DECIMAL, description="Listed price, CNY with tax, from."),
            OpenApiParameter("price_max", OpenApiTypes.DECIMAL, description="Listed price, CNY with tax, up to."),
            OpenApiParameter(
                "spec_{code}",
                str,
                many=True,
                description="A specification that filters in its category, e.g. spec_vcpu=4 or spec_vcpu=5-10.",
            ),
            OpenApiParameter("sort", str, enum=list(filters.SORTS)),
        ],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked = door.read_page(request)
        chosen, unknown = filters.read_filters(params=dict(request.query_params.lists()))
        found = queries.search_offerings(filters=chosen, page=asked, unknown=unknown)
        if found.unknown:
            raise door.unknown_values(found.unknown)
        if found.number != asked:
            raise refusals.NotFound
        body: dict[str, Any] = {
            "count": found.total,
            "page": found.number,
            "pages": max(1, -(-found.total // queries.PAGE_SIZE)),
            "results": Offering(found.rows, many=True).data,
        }
        return Response(body)


class OfferingView(door.Door):
    """GET /api/v1/offerings/{code}"""

    scopes = {"GET": None}

    @door.describe(
        operation_id="get_offering",
        summary="Show an offering with its plans, prices and terms",
        answers={200: OfferingDetail},
        problems=(404,),
    )
    def get(self, request: Request, code: str) -> Response:
        """One offering that is listed."""
        product = queries.find_offering(code=code)
        if product is None:
            raise refusals.NotFound
        return Response(OfferingDetail(queries.get_offering(pk=product.pk, organisation_id=self.organisation_id)).data)
