"""PDF by WeasyPrint, tagged for screen readers (PDF/UA-1). The only place that loads it.

WeasyPrint draws text with Pango, a library of the system that PyPI does not carry. Where it is missing, `write`
raises PdfUnavailable and everything else works. Nothing is fetched: the document brings all it shows.
"""

from typing import Any, NoReturn


class PdfUnavailable(Exception):
    """Pango is not installed on this machine."""


def is_available() -> bool:
    """Whether this machine can write PDF."""
    try:
        _load()
    except PdfUnavailable:
        return False
    return True


def write(*, html: str, css: str) -> bytes:
    """The document as PDF. Raises PdfUnavailable."""
    weasyprint = _load()
    document = weasyprint.HTML(string=html, url_fetcher=_refuse)
    pdf: bytes = document.write_pdf(stylesheets=[weasyprint.CSS(string=css)], pdf_variant="pdf/ua-1")
    return pdf


def _load() -> Any:
    try:
        import weasyprint
    except OSError as error:  # it looks for Pango when it is imported
        raise PdfUnavailable from error
    return weasyprint


def _refuse(url: str, *_args: Any, **_kwargs: Any) -> NoReturn:
    raise ValueError(f"A document fetches nothing, not even {url}.")
