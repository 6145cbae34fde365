"""The sample world: invented data centres, offerings and buyers, driven through past months.

`world` loads them, `month` drives the real operations, `serve` runs web, worker and clock.
"""
