"""Part of the table of accesses: credit notes, disputes, write-offs, accounts that are not invoiced for now."""

PAGES = """\
buyer:credit_notes         |                 | GET  | 302 200 200 403 403 403 403
buyer:credit_notes         |                 | POST | 405 405 405 405 405 405 405
buyer:paper                | invoice         | GET  | 302 200 404 403 403 403 403
buyer:paper                | invoice         | POST | 405 405 405 405 405 405 405
buyer:invoice_dispute      | invoice         | GET  | 405 405 405 405 405 405 405
buyer:invoice_dispute      | invoice         | POST | 302 422 404 403 403 403 403
buyer:dispute_withdraw     | dispute         | GET  | 405 405 405 405 405 405 405
buyer:dispute_withdraw     | dispute         | POST | 302 302 404 403 403 403 403
finance:credit_notes       |                 | GET  | 302 403 403 403 403 403 200
finance:credit_notes       |                 | POST | 405 405 405 405 405 405 405
finance:corrections        |                 | GET  | 302 403 403 403 403 403 200
finance:corrections        |                 | POST | 405 405 405 405 405 405 405
finance:paper              | invoice         | GET  | 302 403 403 403 403 403 200
finance:paper              | invoice         | POST | 405 405 405 405 405 405 405
finance:invoice_credit     | invoice         | GET  | 405 405 405 405 405 405 405
finance:invoice_credit     | invoice         | POST | 302 403 403 403 403 403 302
finance:invoice_write_off  | invoice         | GET  | 405 405 405 405 405 405 405
finance:invoice_write_off  | invoice         | POST | 302 403 403 403 403 403 302
finance:dispute_uphold     | dispute         | GET  | 405 405 405 405 405 405 405
finance:dispute_uphold     | dispute         | POST | 302 403 403 403 403 403 302
finance:dispute_reject     | dispute         | GET  | 405 405 405 405 405 405 405
finance:dispute_reject     | dispute         | POST | 302 403 403 403 403 403 302
finance:write_off_approve  | write_off       | GET  | 405 405 405 405 405 405 405
finance:write_off_approve  | write_off       | POST | 302 403 403 403 403 403 302
finance:write_off_refuse   | write_off       | GET  | 405 405 405 405 405 405 405
finance:write_off_refuse   | write_off       | POST | 302 403 403 403 403 403 302
finance:parked_retry       | parked          | GET  | 405 405 405 405 405 405 405
finance:parked_retry       | parked          | POST | 302 403 403 403 403 403 302
finance:draft_release      | held            | GET  | 405 405 405 405 405 405 405
finance:draft_release      | held            | POST | 302 403 403 403 403 403 302
"""
