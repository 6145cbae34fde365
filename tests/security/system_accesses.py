"""The part of the table of accesses about providers' systems: webhooks and clouds."""

# name of the address | what fills it | method | visitor foods bureau hongshan songmo officer finance
PAGES = """\
provider:webhooks          |                 | GET  | 302 403 403 200 200 403 403
provider:webhooks          |                 | POST | 302 403 403 422 422 403 403
provider:webhook           | webhook         | GET  | 302 403 403 200 404 403 403
provider:webhook           | webhook         | POST | 302 403 403 422 404 403 403
provider:webhook_test      | webhook_off     | GET  | 405 405 405 405 405 405 405
provider:webhook_test      | webhook_off     | POST | 302 403 403 302 404 403 403
provider:webhook_rotate    | webhook         | GET  | 405 405 405 405 405 405 405
provider:webhook_rotate    | webhook         | POST | 302 403 403 200 404 403 403
provider:webhook_switch    | webhook         | GET  | 405 405 405 405 405 405 405
provider:webhook_switch    | webhook         | POST | 302 403 403 302 404 403 403
provider:webhook_replay_dead | webhook       | GET  | 405 405 405 405 405 405 405
provider:webhook_replay_dead | webhook       | POST | 302 403 403 302 404 403 403
provider:webhook_message   | webhook_message | GET  | 302 403 403 200 404 403 403
provider:webhook_message   | webhook_message | POST | 405 405 405 405 405 405 405
provider:webhook_replay    | webhook_message | GET  | 405 405 405 405 405 405 405
provider:webhook_replay    | webhook_message | POST | 302 403 403 302 404 403 403
provider:connections       |                 | GET  | 302 403 403 200 200 403 403
provider:connections       |                 | POST | 302 403 403 422 422 403 403
provider:connection        | connection      | GET  | 302 403 403 200 404 403 403
provider:connection        | connection      | POST | 405 405 405 405 405 405 405
provider:connection_test   | connection      | GET  | 405 405 405 405 405 405 405
provider:connection_test   | connection      | POST | 302 403 403 302 404 403 403
provider:connection_quota  | connection      | GET  | 405 405 405 405 405 405 405
provider:connection_quota  | connection      | POST | 302 403 403 302 404 403 403
provider:connection_credentials | connection | GET  | 405 405 405 405 405 405 405
provider:connection_credentials | connection | POST | 302 403 403 422 404 403 403
provider:connection_switch | connection      | GET  | 405 405 405 405 405 405 405
provider:connection_switch | connection      | POST | 302 403 403 302 404 403 403
provider:blueprint         | connection      | GET  | 405 405 405 405 405 405 405
provider:blueprint         | connection      | POST | 302 403 403 422 404 403 403
provider:machines          | machines        | GET  | 302 403 403 200 404 403 403
provider:machines          | machines        | POST | 405 405 405 405 405 405 405
provider:machines_retry    | machines        | GET  | 405 405 405 405 405 405 405
provider:machines_retry    | machines        | POST | 302 403 403 302 404 403 403
provider:machines_replace  | machines        | GET  | 405 405 405 405 405 405 405
provider:machines_replace  | machines        | POST | 302 403 403 302 404 403 403
"""
