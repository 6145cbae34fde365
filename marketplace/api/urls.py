"""Addresses of the API."""

from django.urls import URLPattern, path, register_converter

from marketplace.api import (
    alerts,
    billing,
    contracts,
    deliveries,
    description,
    errors,
    offerings,
    quotes,
    recommended,
    usage,
)


class NumberConverter:
    """A public number or code: nothing else reaches a query."""

    regex = "[A-Za-z0-9._-]{1,40}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    to_url = to_python


register_converter(NumberConverter, "public_number")

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("v1/alerts", alerts.Alerts.as_view(), name="alerts"),
    path("v1/usage/events", usage.Events.as_view(), name="usage-events"),
    path("v1/usage/imports", usage.Imports.as_view(), name="usage-imports"),
    path("v1/usage/imports/<public_number:number>", usage.Import.as_view(), name="usage-import"),
    path("v1/contracts", contracts.Contracts.as_view(), name="contracts"),
    path("v1/contracts/<public_number:number>", contracts.ContractView.as_view(), name="contract"),
    path("v1/contracts/<public_number:number>/charges", contracts.Charges.as_view(), name="contract-charges"),
    path(
        "v1/contracts/<public_number:number>/confirm-delivery",
        contracts.ConfirmDelivery.as_view(),
        name="confirm-delivery",
    ),
    path("v1/deliveries", deliveries.Deliveries.as_view(), name="deliveries"),
    path("v1/deliveries/<public_number:number>", deliveries.DeliveryView.as_view(), name="delivery"),
    path("v1/deliveries/<public_number:number>/accept", deliveries.Accept.as_view(), name="accept-delivery"),
    path("v1/deliveries/<public_number:number>/start", deliveries.Start.as_view(), name="start-delivery"),
    path("v1/deliveries/<public_number:number>/deliver", deliveries.Deliver.as_view(), name="hand-over-delivery"),
    path("v1/deliveries/<public_number:number>/fail", deliveries.Fail.as_view(), name="fail-delivery"),
    path("v1/deliveries/<public_number:number>/decline", deliveries.Decline.as_view(), name="decline-delivery"),
    path("v1/offerings", offerings.Offerings.as_view(), name="offerings"),
    path("v1/offerings/<public_number:code>", offerings.OfferingView.as_view(), name="offering"),
    path("v1/recommended/editions", recommended.Editions.as_view(), name="recommended-editions"),
    path(
        "v1/recommended/editions/<public_number:number>",
        recommended.EditionView.as_view(),
        name="recommended-edition",
    ),
    path("v1/offerings/<public_number:code>/quote", quotes.QuoteView.as_view(), name="quote"),
    path("v1/invoices", billing.Invoices.as_view(), name="invoices"),
    path("v1/invoices/<public_number:number>", billing.InvoiceView.as_view(), name="invoice"),
    path("v1/settlements", billing.Settlements.as_view(), name="settlements"),
    path("v1/settlements/<public_number:number>", billing.SettlementView.as_view(), name="settlement"),
    path("v1/exports", billing.Exports.as_view(), name="exports"),
    path("v1/exports/<public_number:number>", billing.ExportView.as_view(), name="export"),
    path("v1/exports/<public_number:number>/file", billing.ExportFile.as_view(), name="export-file"),
    path("schema/", description.Schema.as_view(), name="schema"),
    path("docs/", description.Docs.as_view(url_name="api:schema"), name="docs"),
    path("", errors.Unknown.as_view(), name="root"),
    path("<path:rest>", errors.Unknown.as_view(), name="unknown"),
]
