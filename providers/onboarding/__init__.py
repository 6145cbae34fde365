"""How an organisation becomes a seller, and what it must keep up to date to stay one.

An application is written step by step (`operations`), checked by a machine (`checks`, words in `findings`) and decided
by a person of the platform who does not belong to the applicant (`review`). Approval registers the provider, opens its
first agreement at the standard rate of the day, and writes down its qualifications with their dates (`qualifications`),
of which the pipeline reminds 60, 30 and 7 days before they end. The account that payouts go to is proven by a small
deposit (`payout`). A recognition as a cloud enterprise is granted by two persons of two roles (`recognition`).
"""
