"""The rows of the table of accesses for data centres, evidence and alerts; its columns are those of accesses.py."""

PAGES = """\
data_centre                | centre          | GET  | 200 200 200 200 200 200 200
data_centre                | centre          | POST | 405 405 405 405 405 405 405
provider:data_centres      |                 | GET  | 302 403 403 200 200 403 403
provider:data_centres      |                 | POST | 405 405 405 405 405 405 405
provider:data_centre       | centre          | GET  | 302 403 403 200 404 403 403
provider:data_centre       | centre          | POST | 405 405 405 405 405 405 405
provider:data_centre_new   |                 | GET  | 302 403 403 200 200 403 403
provider:data_centre_new   |                 | POST | 302 403 403 422 422 403 403
provider:data_centre_edit  | centre          | GET  | 302 403 403 200 404 403 403
provider:data_centre_edit  | centre          | POST | 302 403 403 422 404 403 403
provider:data_centre_open  | centre          | GET  | 405 405 405 405 405 405 405
provider:data_centre_open  | centre          | POST | 302 403 403 302 404 403 403
provider:pool_add          | centre          | GET  | 405 405 405 405 405 405 405
provider:pool_add          | centre          | POST | 302 403 403 422 404 403 403
operator:opening_decide    | centre          | GET  | 302 403 403 403 403 200 403
operator:opening_decide    | centre          | POST | 302 403 403 403 403 422 403
provider:evidence_add      | centre          | GET  | 405 405 405 405 405 405 405
provider:evidence_add      | centre          | POST | 302 403 403 422 404 403 403
provider:system_add        | centre          | GET  | 405 405 405 405 405 405 405
provider:system_add        | centre          | POST | 302 403 403 422 404 403 403
provider:energy_add        | centre          | GET  | 405 405 405 405 405 405 405
provider:energy_add        | centre          | POST | 302 403 403 422 404 403 403
provider:pue_claim         | centre          | GET  | 405 405 405 405 405 405 405
provider:pue_claim         | centre          | POST | 302 403 403 422 404 403 403
provider:system_file       | system          | GET  | 405 405 405 405 405 405 405
provider:system_file       | system          | POST | 302 403 403 422 404 403 403
provider:system_assess     | system          | GET  | 405 405 405 405 405 405 405
provider:system_assess     | system          | POST | 302 403 403 422 404 403 403
provider:system_remediate  | system          | GET  | 405 405 405 405 405 405 405
provider:system_remediate  | system          | POST | 302 403 403 422 404 403 403
operator:evidence          |                 | GET  | 302 403 403 403 403 200 403
operator:evidence          |                 | POST | 405 405 405 405 405 405 405
operator:evidence_item     | claim           | GET  | 302 403 403 403 403 200 403
operator:evidence_item     | claim           | POST | 405 405 405 405 405 405 405
operator:evidence_verify   | claim           | GET  | 405 405 405 405 405 405 405
operator:evidence_verify   | claim           | POST | 302 403 403 403 403 302 403
operator:evidence_revoke   | claim           | GET  | 405 405 405 405 405 405 405
operator:evidence_revoke   | claim           | POST | 302 403 403 403 403 422 403
operator:assessors         |                 | GET  | 302 403 403 403 403 200 403
operator:assessors         |                 | POST | 302 403 403 403 403 422 403
operator:assessor_tie      |                 | GET  | 405 405 405 405 405 405 405
operator:assessor_tie      |                 | POST | 302 403 403 403 403 422 403
operator:alerts            |                 | GET  | 302 403 403 403 403 403 403
operator:alerts            |                 | POST | 302 403 403 403 403 403 403
operator:alert_lift        | alert           | GET  | 405 405 405 405 405 405 405
operator:alert_lift        | alert           | POST | 302 403 403 403 403 403 403
operator:alert_source_close| alert_source    | GET  | 405 405 405 405 405 405 405
operator:alert_source_close| alert_source    | POST | 302 403 403 403 403 403 403
"""

# nobody foods bureau hongshan songmo
API = """\
api:alerts                 |                 | GET  | 405 405 405 405 405
api:alerts                 |                 | POST | 415 415 415 415 415
"""
