"""Payment services: how money comes in by Alipay and Stripe, behind one interface.

An attempt says what we asked for. What the services tell us lies in the inbox, unaltered, before anything happens.
What was captured becomes one payment, by whichever way we learn of it first: a notification, a query, or the daily
reconciliation. Only the adapters (`alipay`, `stripe`) speak to the network.
"""
