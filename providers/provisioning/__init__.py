"""Deliveries made by a provider's cloud itself: connections, what to create, and what runs.

A blueprint says which machine an offering is. Stages claim accepted deliveries, write one row for each machine that is
wanted, and create it in the cloud under the row's token, so that creating again finds what is there. When all machines
of a delivery run, it is handed over; when its contract has ended, they are removed; meanwhile the hours that they run
become readings, which `billing.metering` takes for usage.
"""
