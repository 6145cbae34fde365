"""From order to accepted delivery: one row per contract, its steps and its deadlines.

    held ─ clear ▶ waiting ─ accept ▶ accepted ─ start ▶ provisioning ─ hand over ▶ delivered ─ complete ▶ completed
                     │                   │                    │  ◀──── reject ─────────┘
                     └───────────────────┴───── decline ▶ declined
    everything before `completed` can be cancelled

A delivery knows its contract by number only: contracts lie downstream. `billing.contracts` opens it in the order's
transaction, decides what an acceptance or a refusal means for the contract, and holds the contract's lock before
the delivery's. The provider's own steps (accept, start, hand over, fail) are called here directly, by the console,
the API and `providers.provisioning`.

`steps` has the transition table and writes a step; `operations` are the steps; `deadlines` says until when.
"""
