"""What every page must pass: axe in light and dark, and a window of 320 px."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NARROWEST_PX = 320
# What the theme can break: it changes colours and nothing else.
RULES_OF_COLOUR = ("color-contrast", "link-in-text-block")


def assert_accessible(page: Page) -> None:
    """Axe finds nothing with TAGS in light, nor with RULES_OF_COLOUR in dark. Leaves the page in the theme it had."""
    before = page.evaluate("document.documentElement.dataset.bsTheme")
    for theme, kind, values in (("light", "tag", TAGS), ("dark", "rule", RULES_OF_COLOUR)):
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        results = Axe().run(page, options={"runOnly": {"type": kind, "values": list(values)}})
        assert results.violations_count == 0, f"{page.url} in {theme}:\n{results.generate_report()}"
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", before)


def assert_fits_narrow(page: Page) -> None:
    """Nothing sticks out of a window of 320 px (tables scroll inside their own region)."""
    before = page.viewport_size
    page.set_viewport_size({"width": NARROWEST_PX, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROWEST_PX, f"{page.url} is {width} px wide in a window of {NARROWEST_PX} px"
    if before:
        page.set_viewport_size(before)


def assert_page_passes(page: Page) -> None:
    """Everything above."""
    assert_accessible(page)
    assert_fits_narrow(page)
