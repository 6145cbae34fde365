"""Reviews: what a buyer says of what was delivered to it, what the provider answers, what the operator hides.

    accepted delivery ▶ review (version 1, 2, …) ── flag ▶ decision: hidden with a reason, or shown
                            └── reply of the provider (version 1, 2, …)

Oscar's reviews app under our room (label `reviews`). `rules.py` says who may review, `operations.py` writes, `desk.py`
is the operator's half, `queries.py` reads. Nothing is deleted: a change adds a version and the older ones stay
readable; the operator hides and shows again, each time with a reason that stands in the place of the text.
"""
