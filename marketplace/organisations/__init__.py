"""Who acts: organisations, their people and roles, their API keys, and the trail of what they did.

The bed of the river: every room may ask who acts, and this room knows none of them.
"""
