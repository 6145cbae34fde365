"""The cloud resource marketplace.

Data flows downstream; imports look upstream and down, never downstream:

    DOORS  frontend (HTML)   api (JSON)   shop (Oscar checkout)   pipeline (clock)
    RIVER  order > contracts > metering > rating > invoicing > payments > settlement > exports
    BANKS  procurement   listings   providers
    BED    billing.ledger   organisations
    ROCK   billing.rules

`docs/adr/` says why; every room's README says what it holds.
"""
