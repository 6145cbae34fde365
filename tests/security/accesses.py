"""The table of accesses, as data: what each of the cast gets at each address, by method.

How to read the statuses: test_access_table.py.
"""

from tests.security import (
    api_accesses,
    bank_accesses,
    billing_accesses,
    payment_accesses,
    proof_accesses,
    review_accesses,
    system_accesses,
)

# name of the address | what fills it | method | visitor foods bureau hongshan songmo officer finance
PAGES = (
    """
theme                      |                 | GET  | 405 405 405 405 405 405 405
theme                      |                 | POST | 302 302 302 302 302 302 302
set_language               |                 | GET  | 302 302 302 302 302 302 302
set_language               |                 | POST | 302 302 302 302 302 302 302
home                       |                 | GET  | 302 302 302 302 302 302 302
home                       |                 | POST | 405 405 405 405 405 405 405
catalogue                  |                 | GET  | 200 200 200 200 200 200 200
catalogue                  |                 | POST | 405 405 405 405 405 405 405
catalogue_csv              |                 | GET  | 200 200 200 200 200 200 200
catalogue_csv              |                 | POST | 405 405 405 405 405 405 405
catalogue_xlsx             |                 | GET  | 200 200 200 200 200 200 200
catalogue_xlsx             |                 | POST | 405 405 405 405 405 405 405
offering                   | offering        | GET  | 200 200 200 200 200 200 200
offering                   | offering        | POST | 405 405 405 405 405 405 405
offering_version           | version         | GET  | 200 200 200 200 200 200 200
offering_version           | version         | POST | 405 405 405 405 405 405 405
compare                    |                 | GET  | 200 200 200 200 200 200 200
compare                    |                 | POST | 405 405 405 405 405 405 405
compare_xlsx               |                 | GET  | 302 302 302 302 302 302 302
compare_xlsx               |                 | POST | 405 405 405 405 405 405 405
compare_tray               |                 | GET  | 405 405 405 405 405 405 405
compare_tray               |                 | POST | 302 302 302 302 302 302 302
estimate                   |                 | GET  | 200 200 200 200 200 200 200
estimate                   |                 | POST | 405 405 405 405 405 405 405
estimate_xlsx              |                 | GET  | 302 302 302 302 302 302 302
estimate_xlsx              |                 | POST | 405 405 405 405 405 405 405
save_estimate              |                 | GET  | 405 405 405 405 405 405 405
save_estimate              |                 | POST | 302 302 302 302 302 302 302
kept_estimate              | estimate        | GET  | 200 200 200 200 200 200 200
kept_estimate              | estimate        | POST | 405 405 405 405 405 405 405
reports                    |                 | GET  | 302 200 200 403 403 200 403
reports                    |                 | POST | 405 405 405 405 405 405 405
make_report                |                 | GET  | 405 405 405 405 405 405 405
make_report                |                 | POST | 302 302 302 403 403 302 403
report                     | report          | GET  | 302 200 404 403 403 404 403
report                     | report          | POST | 405 405 405 405 405 405 405
report_xlsx                | report          | GET  | 302 200 404 403 403 404 403
report_xlsx                | report          | POST | 405 405 405 405 405 405 405
recommended                |                 | GET  | 200 200 200 200 200 200 200
recommended                |                 | POST | 405 405 405 405 405 405 405
recommended_editions       |                 | GET  | 200 200 200 200 200 200 200
recommended_editions       |                 | POST | 405 405 405 405 405 405 405
recommended_edition        | edition         | GET  | 200 200 200 200 200 200 200
recommended_edition        | edition         | POST | 405 405 405 405 405 405 405
recommended_compare        | edition         | GET  | 200 200 200 200 200 200 200
recommended_compare        | edition         | POST | 405 405 405 405 405 405 405
recommended_file           | edition_file    | GET  | 200 200 200 200 200 200 200
recommended_file           | edition_file    | POST | 405 405 405 405 405 405 405
adviser                    |                 | GET  | 200 200 200 200 200 200 200
adviser                    |                 | POST | 405 405 405 405 405 405 405
adviser_rules              |                 | GET  | 302 403 403 403 403 200 403
adviser_rules              |                 | POST | 302 403 403 403 403 422 403
document                   | document        | GET  | 302 404 404 200 404 200 404
document                   | document        | POST | 405 405 405 405 405 405 405
notices                    |                 | GET  | 302 200 200 200 200 200 200
notices                    |                 | POST | 405 405 405 405 405 405 405
health                     |                 | GET  | 200 200 200 200 200 200 200
health                     |                 | POST | 405 405 405 405 405 405 405
login                      |                 | GET  | 200 200 200 200 200 200 200
login                      |                 | POST | 200 200 200 200 200 200 200
logout                     |                 | GET  | 405 405 405 405 405 405 405
logout                     |                 | POST | 302 302 302 302 302 302 302
switch_organisation        |                 | GET  | 405 405 405 405 405 405 405
switch_organisation        |                 | POST | 302 404 404 404 404 404 404
buyer:orders               |                 | GET  | 302 200 200 403 403 403 403
buyer:orders               |                 | POST | 405 405 405 405 405 405 405
buyer:order                | order           | GET  | 302 200 404 403 403 403 403
buyer:order                | order           | POST | 405 405 405 405 405 405 405
buyer:approvals            |                 | GET  | 302 200 200 403 403 403 403
buyer:approvals            |                 | POST | 405 405 405 405 405 405 405
buyer:approval             | approval        | GET  | 302 200 404 403 403 403 403
buyer:approval             | approval        | POST | 302 422 404 403 403 403 403
buyer:contracts            |                 | GET  | 302 200 200 403 403 403 403
buyer:contracts            |                 | POST | 405 405 405 405 405 405 405
buyer:contract             | contract        | GET  | 302 200 404 403 403 403 403
buyer:contract             | contract        | POST | 405 405 405 405 405 405 405
buyer:contract_charges     | contract        | GET  | 302 200 404 403 403 403 403
buyer:contract_charges     | contract        | POST | 405 405 405 405 405 405 405
buyer:accept_delivery      | contract        | GET  | 405 405 405 405 405 405 405
buyer:accept_delivery      | contract        | POST | 302 422 404 403 403 403 403
buyer:reject_delivery      | contract        | GET  | 405 405 405 405 405 405 405
buyer:reject_delivery      | contract        | POST | 302 422 404 403 403 403 403
buyer:change               | change          | GET  | 302 200 404 403 403 403 403
buyer:change               | change          | POST | 302 422 404 403 403 403 403
buyer:withdraw_change      | contract        | GET  | 405 405 405 405 405 405 405
buyer:withdraw_change      | contract        | POST | 302 302 404 403 403 403 403
buyer:end_contract         | contract        | GET  | 405 405 405 405 405 405 405
buyer:end_contract         | contract        | POST | 302 302 404 403 403 403 403
buyer:invoices             |                 | GET  | 302 200 200 403 403 403 403
buyer:invoices             |                 | POST | 405 405 405 405 405 405 405
buyer:invoice              | invoice         | GET  | 302 200 404 403 403 403 403
buyer:invoice              | invoice         | POST | 405 405 405 405 405 405 405
buyer:balance              |                 | GET  | 302 200 200 403 403 403 403
buyer:balance              |                 | POST | 405 405 405 405 405 405 405
provider:deliveries        |                 | GET  | 302 403 403 200 200 403 403
provider:deliveries        |                 | POST | 405 405 405 405 405 405 405
provider:capacity          |                 | GET  | 302 403 403 200 200 403 403
provider:capacity          |                 | POST | 405 405 405 405 405 405 405
provider:maintenance       |                 | GET  | 302 403 403 200 200 403 403
provider:maintenance       |                 | POST | 302 403 403 422 422 403 403
provider:maintenance_cancel | window         | GET  | 405 405 405 405 405 405 405
provider:maintenance_cancel | window         | POST | 302 403 403 302 404 403 403
provider:pool              | pool            | GET  | 302 403 403 200 404 403 403
provider:pool              | pool            | POST | 405 405 405 405 405 405 405
provider:pool_set          | pool            | GET  | 405 405 405 405 405 405 405
provider:pool_set          | pool            | POST | 302 403 403 422 404 403 403
provider:pool_change       | pool            | GET  | 405 405 405 405 405 405 405
provider:pool_change       | pool            | POST | 302 403 403 422 404 403 403
provider:pool_change_cancel | pool_change    | GET  | 405 405 405 405 405 405 405
provider:pool_change_cancel | pool_change    | POST | 302 403 403 302 404 403 403
operator:capacity          |                 | GET  | 302 403 403 403 403 403 403
operator:capacity          |                 | POST | 405 405 405 405 405 405 405
provider:delivery          | waiting         | GET  | 302 403 403 200 404 403 403
provider:delivery          | waiting         | POST | 405 405 405 405 405 405 405
provider:delivery_step     | delivery_step   | GET  | 405 405 405 405 405 405 405
provider:delivery_step     | delivery_step   | POST | 302 403 403 422 404 403 403
provider:contracts         |                 | GET  | 302 403 403 200 200 403 403
provider:contracts         |                 | POST | 405 405 405 405 405 405 405
provider:contract          | contract        | GET  | 302 403 403 200 404 403 403
provider:contract          | contract        | POST | 405 405 405 405 405 405 405
provider:contract_charges  | contract        | GET  | 302 403 403 200 404 403 403
provider:contract_charges  | contract        | POST | 405 405 405 405 405 405 405
provider:decide_change     | contract        | GET  | 405 405 405 405 405 405 405
provider:decide_change     | contract        | POST | 302 403 403 409 404 403 403
provider:suspend           | contract        | GET  | 405 405 405 405 405 405 405
provider:suspend           | contract        | POST | 302 403 403 422 404 403 403
provider:resume            | contract        | GET  | 405 405 405 405 405 405 405
provider:resume            | contract        | POST | 302 403 403 409 404 403 403
provider:settlements       |                 | GET  | 302 403 403 200 200 403 403
provider:settlements       |                 | POST | 405 405 405 405 405 405 405
provider:settlement        | settlement      | GET  | 302 403 403 200 404 403 403
provider:settlement        | settlement      | POST | 405 405 405 405 405 405 405
provider:prices            | prices          | GET  | 302 403 403 200 404 403 403
provider:prices            | prices          | POST | 405 405 405 405 405 405 405
provider:price_draft       | prices          | GET  | 302 403 403 200 404 403 403
provider:price_draft       | prices          | POST | 302 403 403 422 404 403 403
provider:price_agree       | prices          | GET  | 302 403 403 200 404 403 403
provider:price_agree       | prices          | POST | 302 403 403 422 404 403 403
provider:price_announce    | price_version   | GET  | 405 405 405 405 405 405 405
provider:price_announce    | price_version   | POST | 302 403 403 422 404 403 403
provider:price_call_off    | price_version   | GET  | 405 405 405 405 405 405 405
provider:price_call_off    | price_version   | POST | 302 403 403 302 404 403 403
provider:exports           |                 | GET  | 302 403 403 200 200 403 403
provider:exports           |                 | POST | 302 403 403 422 422 403 403
provider:export            | provider_export | GET  | 302 403 403 302 404 403 403
provider:export            | provider_export | POST | 405 405 405 405 405 405 405
provider:export_download   | provider_export | GET  | 302 403 403 200 404 403 403
provider:export_download   | provider_export | POST | 405 405 405 405 405 405 405
provider:usage             |                 | GET  | 302 403 403 200 200 403 403
provider:usage             |                 | POST | 302 403 403 422 422 403 403
provider:usage_template    |                 | GET  | 302 403 403 200 200 403 403
provider:usage_template    |                 | POST | 405 405 405 405 405 405 405
provider:usage_import      | import          | GET  | 302 403 403 200 404 403 403
provider:usage_import      | import          | POST | 405 405 405 405 405 405 405
provider:listing_imports   |                 | GET  | 302 403 403 200 200 403 403
provider:listing_imports   |                 | POST | 302 403 403 422 422 403 403
provider:listing_import    | listing_import  | GET  | 302 403 403 200 404 403 403
provider:listing_import    | listing_import  | POST | 302 403 403 404 404 403 403
provider:listing_problems  | listing_import  | GET  | 302 403 403 200 404 403 403
provider:listing_problems  | listing_import  | POST | 405 405 405 405 405 405 405
provider:listing_template  | xlsx            | GET  | 302 403 403 200 200 403 403
provider:listing_template  | xlsx            | POST | 405 405 405 405 405 405 405
provider:listing_export    | csv             | GET  | 302 403 403 200 200 403 403
provider:listing_export    | csv             | POST | 405 405 405 405 405 405 405
provider:api_keys          |                 | GET  | 302 403 403 200 200 403 403
provider:api_keys          |                 | POST | 302 403 403 422 422 403 403
provider:api_key_revoke    | key             | GET  | 405 405 405 405 405 405 405
provider:api_key_revoke    | key             | POST | 302 403 403 302 404 403 403
officer:catalogue          |                 | GET  | 302 403 403 403 403 200 403
officer:catalogue          |                 | POST | 405 405 405 405 405 405 405
officer:criteria           |                 | GET  | 302 403 403 403 403 200 403
officer:criteria           |                 | POST | 302 403 403 403 403 422 403
officer:edition_open       |                 | GET  | 405 405 405 405 405 405 405
officer:edition_open       |                 | POST | 302 403 403 403 403 422 403
officer:edition            | draft_edition   | GET  | 302 403 403 403 403 200 403
officer:edition            | draft_edition   | POST | 405 405 405 405 405 405 405
officer:edition_evaluate   | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_evaluate   | draft_edition   | POST | 302 403 403 403 403 302 403
officer:edition_decide     | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_decide     | draft_edition   | POST | 302 403 403 403 403 422 403
officer:edition_send       | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_send       | draft_edition   | POST | 302 403 403 403 403 302 403
officer:edition_sign       | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_sign       | draft_edition   | POST | 302 403 403 403 403 422 403
officer:edition_publish    | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_publish    | draft_edition   | POST | 302 403 403 403 403 409 403
provider:listings          |                 | GET  | 302 403 403 200 200 403 403
provider:listings          |                 | POST | 405 405 405 405 405 405 405
provider:listing_new       |                 | GET  | 302 403 403 200 200 403 403
provider:listing_new       |                 | POST | 302 403 403 422 422 403 403
provider:listing           | code            | GET  | 302 403 403 200 404 403 403
provider:listing           | code            | POST | 405 405 405 405 405 405 405
provider:listing_edit      | code            | GET  | 302 403 403 302 404 403 403
provider:listing_edit      | code            | POST | 302 403 403 302 404 403 403
provider:listing_draft     | code            | GET  | 405 405 405 405 405 405 405
provider:listing_draft     | code            | POST | 302 403 403 302 404 403 403
provider:listing_submit    | code            | GET  | 405 405 405 405 405 405 405
provider:listing_submit    | code            | POST | 302 403 403 302 404 403 403
provider:listing_take_back | code            | GET  | 405 405 405 405 405 405 405
provider:listing_take_back | code            | POST | 302 403 403 422 404 403 403
provider:listing_withdraw  | code            | GET  | 405 405 405 405 405 405 405
provider:listing_withdraw  | code            | POST | 302 403 403 422 404 403 403
operator:listings          |                 | GET  | 302 403 403 403 403 403 403
operator:listings          |                 | POST | 405 405 405 405 405 405 405
operator:listing           | code            | GET  | 302 403 403 403 403 403 403
operator:listing           | code            | POST | 405 405 405 405 405 405 405
operator:listing_take      | code            | GET  | 405 405 405 405 405 405 405
operator:listing_take      | code            | POST | 302 403 403 403 403 403 403
operator:listing_return    | code            | GET  | 405 405 405 405 405 405 405
operator:listing_return    | code            | POST | 302 403 403 403 403 403 403
operator:listing_publish   | code            | GET  | 405 405 405 405 405 405 405
operator:listing_publish   | code            | POST | 302 403 403 403 403 403 403
operator:listing_freeze    | code            | GET  | 405 405 405 405 405 405 405
operator:listing_freeze    | code            | POST | 302 403 403 403 403 403 403
operator:listing_lift      | code            | GET  | 405 405 405 405 405 405 405
operator:listing_lift      | code            | POST | 302 403 403 403 403 403 403
status                     |                 | GET  | 200 200 200 200 200 200 200
status                     |                 | POST | 405 405 405 405 405 405 405
buyer:service              | contract        | GET  | 302 200 404 403 403 403 403
buyer:service              | contract        | POST | 302 422 404 403 403 403 403
provider:overview          |                 | GET  | 302 403 403 200 200 403 403
provider:overview          |                 | POST | 405 405 405 405 405 405 405
provider:credits           |                 | GET  | 302 403 403 200 200 403 403
provider:credits           |                 | POST | 405 405 405 405 405 405 405
provider:credit_agree      | credit          | GET  | 405 405 405 405 405 405 405
provider:credit_agree      | credit          | POST | 302 403 403 302 404 403 403
provider:credit_dispute    | credit          | GET  | 405 405 405 405 405 405 405
provider:credit_dispute    | credit          | POST | 302 403 403 422 422 403 403
operator:credits           |                 | GET  | 302 403 403 403 403 403 403
operator:credits           |                 | POST | 302 403 403 403 403 403 403
operator:credit_decide     | credit          | GET  | 405 405 405 405 405 405 405
operator:credit_decide     | credit          | POST | 302 403 403 403 403 403 403
provider:incidents         |                 | GET  | 302 403 403 200 200 403 403
provider:incidents         |                 | POST | 405 405 405 405 405 405 405
provider:probes            |                 | GET  | 302 403 403 200 200 403 403
provider:probes            |                 | POST | 302 403 403 422 422 403 403
provider:probe_remove      | probe           | GET  | 405 405 405 405 405 405 405
provider:probe_remove      | probe           | POST | 302 403 403 302 404 403 403
provider:incident_new      |                 | GET  | 302 403 403 200 200 403 403
provider:incident_new      |                 | POST | 302 403 403 422 422 403 403
provider:incident          | incident        | GET  | 302 403 403 200 404 403 403
provider:incident          | incident        | POST | 405 405 405 405 405 405 405
provider:incident_step     | incident_step   | GET  | 405 405 405 405 405 405 405
provider:incident_step     | incident_step   | POST | 302 403 403 422 404 403 403
operator:incidents         |                 | GET  | 302 403 403 403 403 403 403
operator:incidents         |                 | POST | 302 403 403 403 403 403 403
operator:incident          | incident        | GET  | 302 403 403 403 403 403 403
operator:incident          | incident        | POST | 405 405 405 405 405 405 405
operator:incident_step     | incident_step   | GET  | 405 405 405 405 405 405 405
operator:incident_step     | incident_step   | POST | 302 403 403 403 403 403 403
register                   |                 | GET  | 200 302 302 302 302 302 302
register                   |                 | POST | 422 302 302 302 302 302 302
certificates               |                 | GET  | 200 200 200 200 200 200 200
certificates               |                 | POST | 405 405 405 405 405 405 405
provider:onboarding        |                 | GET  | 302 403 403 200 200 403 403
provider:onboarding        |                 | POST | 405 405 405 405 405 405 405
provider:application       |                 | GET  | 302 403 403 302 302 403 403
provider:application       |                 | POST | 302 403 403 302 302 403 403
provider:application_submit|                 | GET  | 405 405 405 405 405 405 405
provider:application_submit|                 | POST | 302 403 403 302 404 403 403
provider:renew             | licence         | GET  | 302 403 403 200 200 403 403
provider:renew             | licence         | POST | 302 403 403 422 422 403 403
provider:payout_account    |                 | GET  | 302 403 403 200 200 403 403
provider:payout_account    |                 | POST | 302 403 403 422 422 403 403
provider:payout_amount     |                 | GET  | 405 405 405 405 405 405 405
provider:payout_amount     |                 | POST | 302 403 403 422 422 403 403
provider:recognition       |                 | GET  | 302 403 403 200 200 403 403
provider:recognition       |                 | POST | 302 403 403 422 422 403 403
operator:applications      |                 | GET  | 302 403 403 403 403 200 403
operator:applications      |                 | POST | 405 405 405 405 405 405 405
operator:application       | application     | GET  | 302 403 403 403 403 200 403
operator:application       | application     | POST | 405 405 405 405 405 405 405
operator:application_take  | application     | GET  | 405 405 405 405 405 405 405
operator:application_take  | application     | POST | 302 403 403 403 403 403 403
operator:application_return| application     | GET  | 405 405 405 405 405 405 405
operator:application_return| application     | POST | 302 403 403 403 403 403 403
operator:application_reject| application     | GET  | 405 405 405 405 405 405 405
operator:application_reject| application     | POST | 302 403 403 403 403 403 403
operator:application_approve| application     | GET  | 405 405 405 405 405 405 405
operator:application_approve| application     | POST | 302 403 403 403 403 403 403
operator:application_telecom| application     | GET  | 405 405 405 405 405 405 405
operator:application_telecom| application     | POST | 302 403 403 403 403 403 403
operator:provider          | provider        | GET  | 302 403 403 403 403 200 403
operator:provider          | provider        | POST | 405 405 405 405 405 405 405
operator:agreement_change  | provider        | GET  | 405 405 405 405 405 405 405
operator:agreement_change  | provider        | POST | 302 403 403 403 403 403 403
operator:agreement_renew   | provider        | GET  | 405 405 405 405 405 405 405
operator:agreement_renew   | provider        | POST | 302 403 403 403 403 403 403
operator:qualification_decide| qualification   | GET  | 405 405 405 405 405 405 405
operator:qualification_decide| qualification   | POST | 302 403 403 403 403 403 403
operator:deposit_draw      | account         | GET  | 405 405 405 405 405 405 405
operator:deposit_draw      | account         | POST | 302 403 403 403 403 403 403
operator:deposit           | account         | GET  | 302 403 403 403 403 403 403
operator:deposit           | account         | POST | 302 403 403 403 403 403 403
operator:recognitions      |                 | GET  | 302 403 403 403 403 200 403
operator:recognitions      |                 | POST | 405 405 405 405 405 405 405
operator:recognition       | recognition     | GET  | 302 403 403 403 403 200 403
operator:recognition       | recognition     | POST | 405 405 405 405 405 405 405
operator:recognition_opinion| recognition     | GET  | 405 405 405 405 405 405 405
operator:recognition_opinion| recognition     | POST | 302 403 403 403 403 422 403
operator:recognition_revoke| recognition     | GET  | 405 405 405 405 405 405 405
operator:recognition_revoke| recognition     | POST | 302 403 403 403 403 422 403
finance:dashboard          |                 | GET  | 302 403 403 403 403 403 200
finance:dashboard          |                 | POST | 405 405 405 405 405 405 405
finance:settlements        |                 | GET  | 302 403 403 403 403 403 200
finance:settlements        |                 | POST | 405 405 405 405 405 405 405
finance:settlement         | settlement      | GET  | 302 403 403 403 403 403 200
finance:settlement         | settlement      | POST | 405 405 405 405 405 405 405
finance:settlement_approve | settlement      | GET  | 405 405 405 405 405 405 405
finance:settlement_approve | settlement      | POST | 302 403 403 403 403 403 302
finance:settlement_pay     | settlement      | GET  | 405 405 405 405 405 405 405
finance:settlement_pay     | settlement      | POST | 302 403 403 403 403 403 422
finance:exports            |                 | GET  | 302 403 403 403 403 403 200
finance:exports            |                 | POST | 302 403 403 403 403 403 422
finance:export             | finance_export  | GET  | 302 403 403 403 403 403 302
finance:export             | finance_export  | POST | 405 405 405 405 405 405 405
finance:export_download    | finance_export  | GET  | 302 403 403 403 403 403 200
finance:export_download    | finance_export  | POST | 405 405 405 405 405 405 405
finance:invoices           |                 | GET  | 302 403 403 403 403 403 200
finance:invoices           |                 | POST | 405 405 405 405 405 405 405
finance:invoice            | invoice         | GET  | 302 403 403 403 403 403 200
finance:invoice            | invoice         | POST | 405 405 405 405 405 405 405
finance:invoice_confirm    | invoice         | GET  | 405 405 405 405 405 405 405
finance:invoice_confirm    | invoice         | POST | 302 403 403 403 403 403 422
finance:payments           |                 | GET  | 302 403 403 403 403 403 200
finance:payments           |                 | POST | 405 405 405 405 405 405 405
finance:top_up             |                 | GET  | 405 405 405 405 405 405 405
finance:top_up             |                 | POST | 302 403 403 403 403 403 422
finance:balances           |                 | GET  | 302 403 403 403 403 403 200
finance:balances           |                 | POST | 405 405 405 405 405 405 405
basket:summary             |                 | GET  | 302 200 200 403 403 403 403
basket:summary             |                 | POST | 405 405 405 405 405 405 405
basket:add-offering        |                 | GET  | 405 405 405 405 405 405 405
basket:add-offering        |                 | POST | 302 302 302 403 403 403 403
basket:add-estimate        |                 | GET  | 405 405 405 405 405 405 405
basket:add-estimate        |                 | POST | 302 302 302 403 403 403 403
basket:change-line         | line            | GET  | 405 405 405 405 405 405 405
basket:change-line         | line            | POST | 302 422 404 403 403 403 403
basket:remove-line         | line            | GET  | 405 405 405 405 405 405 405
basket:remove-line         | line            | POST | 302 302 404 403 403 403 403
checkout:begin             |                 | GET  | 405 405 405 405 405 405 405
checkout:begin             |                 | POST | 302 302 302 403 403 403 403
checkout:index             |                 | GET  | 302 200 302 403 403 403 403
checkout:index             |                 | POST | 302 422 302 403 403 403 403
"""
    + billing_accesses.PAGES
    + proof_accesses.PAGES
    + payment_accesses.PAGES
    + bank_accesses.PAGES
    + system_accesses.PAGES
    + review_accesses.PAGES
)

# name of the address | what fills it | method | no key, foods bureau hongshan songmo
API = api_accesses.API + proof_accesses.API
