"""Money that is settled: invoices for buyers; settlements and exports for providers."""

from typing import Any, Final

from django.http import FileResponse
from django.utils import translation
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.exports import operations as export_writes
from billing.exports import queries as exports
from billing.invoicing import queries as invoicing
from billing.rules import periods
from billing.settlement import queries as settlements
from marketplace import clock
from marketplace.api import door
from marketplace.organisations import actors
from marketplace.organisations import errors as refusals

INVOICE_STATUSES: Final = [*(value for value, _label in invoicing.STATUSES), invoicing.OPEN]
SETTLEMENT_STATUSES: Final = list(settlements.Status.values)
EXPORT_KINDS: Final = ["settlement_summary", "settlement_detail"]
EXPORT_FORMATS: Final = ["csv", "xlsx"]


class MonthField(serializers.DateField):
    """The first day of a month as `2026-10`."""

    def to_representation(self, value: Any) -> str:
        """The month's seven characters."""
        return str(periods.Month.of_date(value))


class Invoice(serializers.Serializer):
    """A buyer's bill for one provider's services in one month. Amounts are in minor units (fen)."""

    number = serializers.CharField()
    month = MonthField(source="period_start_date")
    provider = serializers.CharField(source="provider.name")
    currency = serializers.CharField()
    net_minor = serializers.IntegerField()
    tax_minor = serializers.IntegerField()
    total_minor = serializers.IntegerField()
    paid_minor = serializers.IntegerField(source="balance.paid_minor")
    status = serializers.ChoiceField(choices=INVOICE_STATUSES[:-1], source="balance.status")
    issued_at = serializers.DateTimeField()
    due_date = serializers.DateField()


class InvoiceLine(serializers.Serializer):
    """One charge, rounded once."""

    position = serializers.IntegerField()
    contract = serializers.CharField(source="contract.number")
    description = serializers.CharField()
    unit = serializers.CharField()
    quantity = serializers.DecimalField(max_digits=30, decimal_places=6)
    unit_price = serializers.DecimalField(max_digits=20, decimal_places=8)
    vat_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    net_minor = serializers.IntegerField()
    tax_minor = serializers.IntegerField()


class InvoiceTax(serializers.Serializer):
    """VAT at one rate, rounded once."""

    vat_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    net_minor = serializers.IntegerField()
    tax_minor = serializers.IntegerField()


class InvoiceDetail(Invoice):
    """With its lines and taxes."""

    lines = InvoiceLine(many=True)
    taxes = InvoiceTax(many=True)


class Settlement(serializers.Serializer):
    """A provider's money collected in a month: gross − commission − VAT on it = net. In minor units (fen)."""

    number = serializers.CharField()
    month = MonthField(source="period_start_date")
    status = serializers.ChoiceField(choices=SETTLEMENT_STATUSES)
    currency = serializers.CharField()
    gross_minor = serializers.IntegerField()
    commission_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    commission_minor = serializers.IntegerField()
    commission_vat_minor = serializers.IntegerField()
    net_minor = serializers.IntegerField()
    lines_count = serializers.IntegerField()
    drafted_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)


class SettlementLine(serializers.Serializer):
    """One collection that is settled."""

    invoice = serializers.CharField(source="collection.line.invoice.number")
    contract = serializers.CharField(source="collection.line.contract.number")
    description = serializers.CharField(source="collection.line.description")
    gross_minor = serializers.IntegerField()


class SettlementDetail(Settlement):
    """With a page of its lines."""

    lines = door.page_of(SettlementLine, "SettlementLines")


class Export(serializers.Serializer):
    """A file that was asked for."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=EXPORT_KINDS)
    format = serializers.ChoiceField(choices=EXPORT_FORMATS)
    month = MonthField(source="period_start_date")
    settlement_number = serializers.CharField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["queued", "running", "done", "failed"])
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField()
    sha256 = serializers.CharField()
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ExportRequest(serializers.Serializer):
    """What to write. Name a month, or a settlement whose lines are wanted."""

    kind = serializers.ChoiceField(choices=EXPORT_KINDS)
    format = serializers.ChoiceField(choices=EXPORT_FORMATS)
    month = serializers.RegexField(r"^[0-9]{4}-[0-9]{2}$", required=False, help_text="2026-10")
    settlement_number = serializers.RegexField(r"^[A-Za-z0-9-]{1,30}$", required=False)


class Invoices(door.Door):
    """GET /api/v1/invoices"""

    scopes = {"GET": "invoices.view"}

    @door.describe(
        operation_id="list_invoices",
        summary="List your invoices, newest first",
        answers={200: door.page_of(Invoice, "Invoices")},
        problems=(404, 422),
        parameters=[
            door.PAGE,
            OpenApiParameter("month", str, description="2026-10"),
            OpenApiParameter("status", str, enum=INVOICE_STATUSES),
        ],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked = door.read_page(request)
        found = invoicing.list_invoices(
            buyer_id=_buyer_of(self),
            page=asked,
            period=door.read_month(request),
            status=door.read_choice(request, "status", INVOICE_STATUSES),
            today=periods.civil_date(clock.now()),
        )
        return Response(door.show_page(found.page, Invoice, asked=asked))


class InvoiceView(door.Door):
    """GET /api/v1/invoices/{number}"""

    scopes = {"GET": "invoices.view"}

    @door.describe(
        operation_id="get_invoice",
        summary="Show an invoice with its lines",
        answers={200: InvoiceDetail},
        problems=(404,),
    )
    def get(self, request: Request, number: str) -> Response:
        """One invoice."""
        found = invoicing.get_invoice(number=number, organisation_id=_buyer_of(self), side=self.actor.side)
        parts = {
            "lines": InvoiceLine(found.lines, many=True).data,
            "taxes": InvoiceTax(found.taxes, many=True).data,
        }
        return Response({**Invoice(found.invoice).data, **parts})


class Settlements(door.Door):
    """GET /api/v1/settlements"""

    scopes = {"GET": "settlements.view"}

    @door.describe(
        operation_id="list_settlements",
        summary="List your settlements, newest month first",
        answers={200: door.page_of(Settlement, "Settlements")},
        problems=(404, 422),
        parameters=[
            door.PAGE,
            OpenApiParameter("month", str, description="2026-10"),
            OpenApiParameter("status", str, enum=SETTLEMENT_STATUSES),
        ],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked = door.read_page(request)
        found = settlements.list_settlements(
            provider_organisation_id=_provider_of(self),
            month=door.read_month(request),
            status=door.read_choice(request, "status", SETTLEMENT_STATUSES),
            page=asked,
        )
        return Response(door.show_page(found.page, Settlement, asked=asked))


class SettlementView(door.Door):
    """GET /api/v1/settlements/{number}"""

    scopes = {"GET": "settlements.view"}

    @door.describe(
        operation_id="get_settlement",
        summary="Show a settlement with a page of its lines",
        answers={200: SettlementDetail},
        problems=(404, 422),
        parameters=[door.PAGE],
    )
    def get(self, request: Request, number: str) -> Response:
        """One settlement."""
        asked = door.read_page(request)
        found = settlements.get_settlement(number=number, organisation_id=_provider_of(self), side=self.actor.side)
        lines = settlements.list_lines(settlement_id=found.pk, page=asked)
        return Response({**Settlement(found).data, "lines": door.show_page(lines, SettlementLine, asked=asked)})


class Exports(door.Door):
    """GET and POST /api/v1/exports"""

    scopes = {"GET": "exports.view", "POST": "exports.request"}

    @door.describe(
        operation_id="list_exports",
        summary="List the files you asked for, newest first",
        answers={200: door.page_of(Export, "Exports")},
        problems=(404, 422),
        parameters=[door.PAGE],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked = door.read_page(request)
        page = exports.list_exports(organisation_id=_provider_of(self), page=asked)
        return Response(door.show_page(page, Export, asked=asked))

    @door.describe(
        operation_id="request_export",
        summary="Ask for a file of settlements or of their lines",
        description="It is written in the background; asking again makes the next version.",
        request=ExportRequest,
        answers={202: Export},
        problems=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Queue it; `Location` says where its progress is shown."""
        form = ExportRequest(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        run = export_writes.request_export(
            kind=wanted["kind"],
            format=wanted["format"],
            month=door.to_month(wanted.get("month", "")),
            settlement_number=wanted.get("settlement_number", ""),
            organisation_id=_provider_of(self),
            actor=self.actor,
            now=clock.now(),
            language=translation.get_language() or "zh-hans",
        )
        return Response(Export(run).data, status=202, headers={"Location": f"{request.path}/{run.number}"})


class ExportView(door.Door):
    """GET /api/v1/exports/{number}"""

    scopes = {"GET": "exports.view"}

    @door.describe(
        operation_id="get_export", summary="Show the progress of a file", answers={200: Export}, problems=(404,)
    )
    def get(self, request: Request, number: str) -> Response:
        """One file's row."""
        return Response(Export(exports.get_export(number=number, organisation_id=_provider_of(self))).data)


class ExportFile(door.Door):
    """GET /api/v1/exports/{number}/file"""

    scopes = {"GET": "exports.view"}

    @door.describe(
        operation_id="download_export",
        summary="Download a file that is written",
        answers={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, description="CSV or XLSX.")},
        problems=(404,),
    )
    def get(self, request: Request, number: str) -> FileResponse:
        """The bytes, as an attachment."""
        opened = exports.open_export(number=number, organisation_id=_provider_of(self))
        return FileResponse(opened.file, as_attachment=True, filename=opened.name)


def _buyer_of(view: door.Door) -> int:
    # Without a buyer the query would list everybody's.
    if view.actor.side != actors.BUYER:
        raise refusals.NotFound
    return view.organisation_id


def _provider_of(view: door.Door) -> int:
    if view.actor.side != actors.PROVIDER:
        raise refusals.NotFound
    return view.organisation_id
