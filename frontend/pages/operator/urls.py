"""Addresses of the operator's pages."""

from django.urls import URLPattern, path

from frontend.pages.operator import (
    alerts,
    applications,
    capacity,
    credits,
    evidence,
    incidents,
    listings,
    partners,
    recognitions,
)

app_name = "operator"

urlpatterns: list[URLPattern] = [
    path("applications/", applications.show_queue, name="applications"),
    path("applications/<slug:number>/", applications.show_application, name="application"),
    path("applications/<slug:number>/take/", applications.take, name="application_take"),
    path("applications/<slug:number>/return/", applications.return_application, name="application_return"),
    path("applications/<slug:number>/reject/", applications.reject, name="application_reject"),
    path("applications/<slug:number>/approve/", applications.approve, name="application_approve"),
    path("applications/<slug:number>/telecom/", applications.decide_telecom, name="application_telecom"),
    path("providers/<slug:public_id>/", partners.show_provider, name="provider"),
    path("providers/<slug:public_id>/agreement/", partners.change_agreement, name="agreement_change"),
    path("providers/<slug:public_id>/agreement/renew/", partners.renew_agreement, name="agreement_renew"),
    path(
        "providers/<slug:public_id>/qualifications/<int:qualification_id>/",
        partners.decide_qualification,
        name="qualification_decide",
    ),
    path("payout-accounts/<int:account_id>/draw/", partners.draw_deposit, name="deposit_draw"),
    path("payout-accounts/<int:account_id>/", partners.send_deposit, name="deposit"),
    path("recognitions/", recognitions.list_recognitions, name="recognitions"),
    path("recognitions/<slug:number>/", recognitions.show_recognition, name="recognition"),
    path("recognitions/<slug:number>/opinion/", recognitions.give_opinion, name="recognition_opinion"),
    path("recognitions/<slug:number>/revoke/", recognitions.revoke, name="recognition_revoke"),
    path("credits/", credits.show_credits, name="credits"),
    path("credits/<slug:number>/<slug:month>/decide/", credits.decide, name="credit_decide"),
    path("incidents/", incidents.show_incidents, name="incidents"),
    path("incidents/<slug:number>/", incidents.show_incident, name="incident"),
    path("incidents/<slug:number>/<slug:step>/", incidents.take_step, name="incident_step"),
    path("capacity/", capacity.show_capacity, name="capacity"),
    path("evidence/", evidence.show_desk, name="evidence"),
    path("evidence/<int:evidence_id>/", evidence.show_evidence, name="evidence_item"),
    path("evidence/<int:evidence_id>/verify/", evidence.verify, name="evidence_verify"),
    path("evidence/<int:evidence_id>/revoke/", evidence.revoke, name="evidence_revoke"),
    path("data-centres/<str:code>/", evidence.decide_opening, name="opening_decide"),
    path("assessors/", evidence.show_assessors, name="assessors"),
    path("assessors/ties/", evidence.tie_assessor, name="assessor_tie"),
    path("alerts/", alerts.show_alerts, name="alerts"),
    path("alerts/<slug:number>/lift/", alerts.lift_alert, name="alert_lift"),
    path("alerts/sources/<slug:number>/close/", alerts.close_source, name="alert_source_close"),
    path("listings/", listings.show_queue, name="listings"),
    path("listings/<str:code>/", listings.show_listing, name="listing"),
    path("listings/<str:code>/take/", listings.take, name="listing_take"),
    path("listings/<str:code>/return/", listings.return_listing, name="listing_return"),
    path("listings/<str:code>/publish/", listings.publish, name="listing_publish"),
    path("listings/<str:code>/freeze/", listings.freeze, name="listing_freeze"),
    path("listings/<str:code>/lift/", listings.lift, name="listing_lift"),
]
