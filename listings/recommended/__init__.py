"""The recommended catalogue (推荐目录): what the platform recommends to public buyers, by published criteria.

A criteria set is announced at least seven days before it takes effect and never changes. An edition evaluates every
published offering against one set, with the evidence for each criterion; an officer decides what goes in, an officer
and an operator (or the owner) sign, and it is published under a number. From then on nothing of it changes but that an
entry leaves: when its evidence lapses or is revoked, the pipeline takes it out with a public reason and the date.

`Product.is_recommended` means "has an entry that has not left in the edition in force". Only `operations` here writes
it, in the transaction that makes it true.

`criteria.py` judges (pure: facts in, results out) · `facts.py` reads the facts · `entries.py` makes entries of them ·
`operations.py` writes · `queries.py` reads · `wording.py` says it in the reader's language.
"""
