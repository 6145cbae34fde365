"""Where the marketplace talks to the systems of providers: HTTP that cannot be led astray, and clouds."""
