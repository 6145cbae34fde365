"""The rock: every sum of the marketplace, as pure arithmetic.

Nothing here knows a database, a clock, a network or a framework; the same
inputs always give the same digits. The rest of the project fetches, stores
and shows; it never multiplies a price itself.

    money       Money, rounding to the minor unit, splits that always add up
    tax         VAT once per rate, and its share for each line
    periods     civil months and days of Asia/Shanghai as half-open intervals
    components  prices of a plan: models, tiers, minimum, maximum; refused at birth when contradictory
    aggregation from events to the quantity of a period: sum, count, max, latest, unique, level × time
    tiers       what a quantity costs by each model, line by line
    pricing     what a component costs for a month; the committed price of a plan
    availability how long a service ran in a month, and what a breach earns
    commission  what the platform keeps and what the provider gets
    uscc        unified social credit codes (GB 32100-2015)
    rate        any worked case by these rules: `python -m billing.rules rate --json -`
    decimals    exact products and the one division, in contexts of our own

Quantities and rates are Decimal and are never rounded on the way; amounts
that are owed are integers of minor units (fen). Floats are refused.
docs/rounding.md says where each rounding happens, with a worked table.
"""
