"""Addresses of the provider pages."""

from django.urls import URLPattern, path, re_path

from frontend.pages.provider import (
    api_keys,
    contracts,
    deliveries,
    exports,
    listing_edit,
    listing_imports,
    listings,
    prices,
    settlements,
    usage,
)

app_name = "provider"

urlpatterns: list[URLPattern] = [
    path("deliveries/", deliveries.list_deliveries, name="deliveries"),
    path("deliveries/<slug:number>/", deliveries.confirm_delivery, name="deliver"),
    path("contracts/", contracts.list_contracts, name="contracts"),
    path("contracts/<slug:number>/", contracts.show_contract, name="contract"),
    path("contracts/<slug:number>/suspend/", contracts.suspend_contract, name="suspend"),
    path("contracts/<slug:number>/resume/", contracts.resume_contract, name="resume"),
    path("settlements/", settlements.show_month, name="settlements"),
    path("settlements/<str:number>/", settlements.show_settlement, name="settlement"),
    path("exports/", exports.show_exports, name="exports"),
    path("exports/<str:number>/", exports.show_progress, name="export"),
    path("exports/<str:number>/download/", exports.download, name="export_download"),
    path("offerings/<slug:code>/prices/", prices.show_prices, name="prices"),
    path("offerings/<slug:code>/prices/draft/", prices.draft_prices, name="price_draft"),
    path("offerings/<slug:code>/prices/agree/", prices.agree_prices, name="price_agree"),
    path("offerings/<slug:code>/prices/<int:version>/announce/", prices.announce_prices, name="price_announce"),
    path("offerings/<slug:code>/prices/<int:version>/call-off/", prices.call_off_prices, name="price_call_off"),
    path("usage/", usage.show_usage, name="usage"),
    path("usage/template.csv", usage.download_template, name="usage_template"),
    path("usage/imports/<slug:number>/", usage.show_import, name="usage_import"),
    path("offerings/import/", listing_imports.show_imports, name="listing_imports"),
    path("offerings/import/<slug:number>/", listing_imports.show_import, name="listing_import"),
    path("offerings/import/<slug:number>/problems.csv", listing_imports.download_problems, name="listing_problems"),
    re_path(r"^offerings/template\.(?P<format>csv|xlsx)$", listing_imports.download_template, name="listing_template"),
    re_path(r"^offerings/export\.(?P<format>csv|xlsx)$", listing_imports.download_export, name="listing_export"),
    path("api-keys/", api_keys.show_keys, name="api_keys"),
    path("api-keys/<slug:prefix>/revoke/", api_keys.revoke_key, name="api_key_revoke"),
    path("offerings/", listings.list_listings, name="listings"),
    path("offerings/new/", listings.create_listing, name="listing_new"),
    path("offerings/<str:code>/", listings.show_listing, name="listing"),
    path("offerings/<str:code>/edit/", listing_edit.edit_listing, name="listing_edit"),
    path("offerings/<str:code>/draft/", listings.draft_listing, name="listing_draft"),
    path("offerings/<str:code>/submit/", listings.submit_listing, name="listing_submit"),
    path("offerings/<str:code>/take-back/", listings.take_back_listing, name="listing_take_back"),
    path("offerings/<str:code>/withdraw/", listings.withdraw_listing, name="listing_withdraw"),
]
