"""The rows of the table of accesses for the API, by key: what each key gets at each address, by method."""

API = """
api:usage-events           |                 | GET  | 401 405 405 405 405
api:usage-events           |                 | POST | 401 403 403 415 415
api:usage-imports          |                 | GET  | 401 403 403 200 200
api:usage-imports          |                 | POST | 401 403 403 422 422
api:usage-import           | import          | GET  | 401 403 403 200 404
api:usage-import           | import          | POST | 401 405 405 405 405
api:contracts              |                 | GET  | 401 200 200 200 200
api:contracts              |                 | POST | 401 405 405 405 405
api:contract               | contract        | GET  | 401 200 404 200 404
api:contract               | contract        | POST | 401 405 405 405 405
api:contract-charges       | contract        | GET  | 401 422 422 422 422
api:contract-charges       | contract        | POST | 401 405 405 405 405
api:deliveries             |                 | GET  | 401 403 403 200 200
api:deliveries             |                 | POST | 401 405 405 405 405
api:delivery               | waiting         | GET  | 401 403 403 200 404
api:delivery               | waiting         | POST | 401 405 405 405 405
api:accept-delivery        | waiting         | GET  | 401 405 405 405 405
api:accept-delivery        | waiting         | POST | 401 403 403 415 415
api:start-delivery         | waiting         | GET  | 401 405 405 405 405
api:start-delivery         | waiting         | POST | 401 403 403 415 415
api:hand-over-delivery     | waiting         | GET  | 401 405 405 405 405
api:hand-over-delivery     | waiting         | POST | 401 403 403 415 415
api:fail-delivery          | waiting         | GET  | 401 405 405 405 405
api:fail-delivery          | waiting         | POST | 401 403 403 415 415
api:decline-delivery       | waiting         | GET  | 401 405 405 405 405
api:decline-delivery       | waiting         | POST | 401 403 403 415 415
api:confirm-delivery       | waiting         | GET  | 401 405 405 405 405
api:confirm-delivery       | waiting         | POST | 401 403 403 415 415
api:offerings              |                 | GET  | 401 200 200 200 200
api:offerings              |                 | POST | 401 405 405 405 405
api:offering               | code            | GET  | 401 200 200 200 200
api:offering               | code            | POST | 401 405 405 405 405
api:recommended-editions   |                 | GET  | 401 200 200 200 200
api:recommended-editions   |                 | POST | 401 405 405 405 405
api:recommended-edition    | edition         | GET  | 401 200 200 200 200
api:recommended-edition    | edition         | POST | 401 405 405 405 405
api:quote                  | code            | GET  | 401 422 422 422 422
api:quote                  | code            | POST | 401 405 405 405 405
api:invoices               |                 | GET  | 401 200 200 403 403
api:invoices               |                 | POST | 401 405 405 405 405
api:invoice                | invoice         | GET  | 401 200 404 403 403
api:invoice                | invoice         | POST | 401 405 405 405 405
api:settlements            |                 | GET  | 401 403 403 200 200
api:settlements            |                 | POST | 401 405 405 405 405
api:settlement             | settlement      | GET  | 401 403 403 200 404
api:settlement             | settlement      | POST | 401 405 405 405 405
api:exports                |                 | GET  | 401 403 403 200 200
api:exports                |                 | POST | 401 403 403 415 415
api:export                 | provider_export | GET  | 401 403 403 200 404
api:export                 | provider_export | POST | 401 405 405 405 405
api:export-file            | provider_export | GET  | 401 403 403 200 404
api:export-file            | provider_export | POST | 401 405 405 405 405
api:schema                 |                 | GET  | 200 200 200 200 200
api:schema                 |                 | POST | 405 405 405 405 405
api:docs                   |                 | GET  | 200 200 200 200 200
api:docs                   |                 | POST | 405 405 405 405 405
api:root                   |                 | GET  | 404 404 404 404 404
api:root                   |                 | POST | 404 404 404 404 404
api:unknown                | rest            | GET  | 404 404 404 404 404
api:unknown                | rest            | POST | 404 404 404 404 404
"""
