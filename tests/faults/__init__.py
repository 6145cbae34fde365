"""Promise P1 under faults: every usage event answered 2xx is rated exactly once, whatever is killed meanwhile.

`make faults` runs the whole campaign (`python -m tests.faults --seed 1 --kills 200 --events 100000`), and
`test_faults.py` a short one with its two controls. Nothing is imitated:

- `servers`   a world of its own (`marketplace.embedded`) with PostgreSQL (`fsync` on), two Redis, granian, a Celery
              worker and beat; each is killed by SIGKILL or stopped by SIGSTOP, and started again
- `traffic`   the events to be posted, worked out from a seed: duplicates, conflicts, corrections, voids
- `client`    posts them over HTTP, and repeats a batch with the same ids until it is answered
- `proxy`     stands between the two and loses answers: after the commit, before the client has them
- `campaign`  what happens when; `oracle` what must be there in the end, from the answers alone
- `prepare`, `final`, `early`, `quick`  programs of their own that run in Django beside the product

The verdict counts events that are lost, double or phantom, and compares days and charges with sums of exact decimals.
"""
