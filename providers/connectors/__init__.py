"""Where the marketplace talks to the systems of providers: HTTP that cannot be led astray, and clouds.

`outbound` is the only way out: whatever address a provider has typed in, it is parsed once, resolved once, checked, and
the connection goes to the address that was checked. `clouds` speaks to clouds through it.
"""
