"""The recommended catalogue: its editions, with the evidence of every entry."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from listings.recommended import document, queries
from marketplace.api import door
from marketplace.organisations import errors as refusals


class Evidence(serializers.Serializer):
    """The document that a criterion stands on."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    number = serializers.CharField()
    issuer = serializers.CharField()
    issued_date = serializers.DateField(allow_null=True)
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True)


class CriterionResult(serializers.Serializer):
    """How an entry meets one criterion."""

    kind = serializers.CharField()
    met = serializers.BooleanField()
    value = serializers.CharField()
    holds_until = serializers.DateField(allow_null=True, help_text="The last day, if nothing is renewed.")
    evidence = Evidence(allow_null=True)
    text = serializers.CharField(help_text="In the language of the answer.")


class EditionEntry(serializers.Serializer):
    """An offering in an edition."""

    code = serializers.CharField()
    title = serializers.CharField()
    title_en = serializers.CharField()
    version = serializers.IntegerField()
    service_model = serializers.CharField()
    category = serializers.CharField()
    provider = serializers.CharField()
    data_centre = serializers.CharField()
    county = serializers.CharField()
    entered_date = serializers.DateField()
    left_date = serializers.DateField(allow_null=True)
    left_reason = serializers.CharField(allow_null=True)
    criteria = CriterionResult(many=True)


class Rules(serializers.Serializer):
    """The criteria set of an edition."""

    version = serializers.IntegerField()
    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # declared fields do not hide the attribute
    announced_date = serializers.DateField()
    effective_date = serializers.DateField()
    rules = serializers.ListField(child=serializers.DictField())


class EditionHead(serializers.Serializer):
    """An edition without its entries."""

    number = serializers.CharField()
    state = serializers.ChoiceField(choices=["published", "superseded"])
    published_at = serializers.DateTimeField()
    superseded_at = serializers.DateTimeField(allow_null=True)
    supersedes = serializers.CharField(allow_null=True)
    period_start_date = serializers.DateField()
    period_end_date = serializers.DateField()
    criteria = Rules()


class EditionSignature(serializers.Serializer):
    """A signature, by role."""

    role = serializers.CharField()
    signed_at = serializers.DateTimeField()


class EditionDocument(EditionHead):
    """A whole edition."""

    signatures = EditionSignature(many=True)
    entries = EditionEntry(many=True)


class Editions(door.Door):
    """GET /api/v1/recommended/editions"""

    scopes = {"GET": None}

    @door.describe(
        operation_id="list_recommended_editions",
        summary="List the editions of the recommended catalogue",
        description="The newest first; the one in force has the state `published`.",
        answers={200: EditionHead(many=True)},
        problems=(404, 422),
        parameters=[OpenApiParameter("page", int, description="There is one page: a handful of editions a year.")],
    )
    def get(self, request: Request) -> Response:
        """All published editions: a handful a year."""
        if door.read_page(request) != 1:
            raise refusals.NotFound
        return Response([document.describe_edition(one) for one in queries.list_editions()])


class EditionView(door.Door):
    """GET /api/v1/recommended/editions/{number}"""

    scopes = {"GET": None}

    @door.describe(
        operation_id="get_recommended_edition",
        summary="Show an edition of the recommended catalogue",
        description="Every entry with its evidence; those that left carry the date and the reason.",
        answers={200: EditionDocument},
        problems=(404,),
    )
    def get(self, request: Request, number: str) -> Response:
        """One edition, the same document as its JSON download."""
        return Response(document.write_document(queries.get_edition(number=number)))
