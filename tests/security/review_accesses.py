"""The part of the table of accesses about reviews."""

# name of the address | what fills it | method | visitor foods bureau hongshan songmo officer finance
PAGES = """\
review                     | review          | GET  | 200 200 200 200 200 200 200
review                     | review          | POST | 405 405 405 405 405 405 405
review_flag                | review          | GET  | 405 405 405 405 405 405 405
review_flag                | review          | POST | 302 422 422 422 422 422 422
buyer:review               | reviewed        | GET  | 405 405 405 405 405 405 405
buyer:review               | reviewed        | POST | 302 422 404 403 403 403 403
provider:reviews           |                 | GET  | 302 403 403 200 200 403 403
provider:reviews           |                 | POST | 405 405 405 405 405 405 405
provider:review_reply      | review          | GET  | 405 405 405 405 405 405 405
provider:review_reply      | review          | POST | 302 403 403 422 404 403 403
operator:reviews           |                 | GET  | 302 403 403 403 403 403 403
operator:reviews           |                 | POST | 405 405 405 405 405 405 405
operator:review_hide       | review          | GET  | 405 405 405 405 405 405 405
operator:review_hide       | review          | POST | 302 403 403 403 403 403 403
operator:review_show       | review          | GET  | 405 405 405 405 405 405 405
operator:review_show       | review          | POST | 302 403 403 403 403 403 403
"""
