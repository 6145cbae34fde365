"""What buyers get after delivery: incidents of data centres and offerings, and the public status of services.

An incident is reported by the provider (then it stands), or by a buyer or the platform's probe: such a report waits for
the provider's word for 48 hours, after that the operator decides. Only confirmed and resolved incidents are public, and
only those whose impact is an outage count against availability (`billing.rules.availability`), without what lies in an
announced maintenance window. What was said is append-only in the database.

    reported ─ confirm ▶ confirmed ─ resolve ▶ resolved
        └──── reject ──▶ rejected

Which contracts an incident breaches, and what that earns, is worked out in `billing.contracts.sla`: this room knows
data centres and codes of offerings, no contracts and no money.
"""
