"""The catalogue as a file: every row that the page would show under the same conditions, on all its pages."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from billing.exports.writers import cells, csv, xlsx
from billing.exports.writers.cells import Column, Kind
from listings import queries, wording
from listings.prices import normalised
from listings.search import filters
from marketplace.organisations import gate

FILE_NAME: Final = "catalogue"
MARK: Final = "\ufeff"  # spreadsheets read UTF-8 by it
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@gate.page(permission=None)
def download_csv(request: HttpRequest) -> HttpResponseBase:
    """CSV, sent while it is written."""
    texts = csv.lines(columns=_columns(), rows=_rows(request))
    answer = StreamingHttpResponse(
        _in_language(texts, get_language() or "zh-hans"), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{FILE_NAME}.csv"'
    return answer


@gate.page(permission=None)
def download_xlsx(request: HttpRequest) -> HttpResponseBase:
    """XLSX, written in constant memory to a file that is gone when it is sent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{FILE_NAME}.xlsx"
        xlsx.write(path=path, title=_("Catalogue"), columns=_columns(), rows=_rows(request), totals=lambda: ())
        file = path.open("rb")  # the name goes, the open file stays until it is sent
    return FileResponse(file, as_attachment=True, filename=f"{FILE_NAME}.xlsx", content_type=XLSX)


def _in_language(lines: Iterable[str], language: str) -> Iterator[bytes]:
    with override(language):
        yield MARK.encode()
        for line in lines:
            yield line.encode()


def _columns() -> list[Column]:
    return [
        Column(_("Code"), Kind.CODE, 14),
        Column(_("Title"), width=36),
        Column(_("Service type"), width=12),
        Column(_("Resource category"), width=16),
        Column(_("Provider"), width=28),
        Column(_("Data centre"), width=24),
        Column(_("Prefecture"), width=14),
        Column(_("County"), width=14),
        Column(_("Deployment models"), width=20),
        Column(_("Availability, %"), Kind.PRICE, 12),
        Column(_("Security level, verified"), Kind.COUNT, 10),
        Column(_("Measured PUE, verified"), Kind.PRICE, 10),
        Column(_("Green power, %, verified"), Kind.COUNT, 10),
        Column(_("Lead time, days"), Kind.COUNT, 10),
        Column(_("Recommended"), width=10),
        Column(_("Price without tax, CNY"), Kind.PRICE, 16),
        Column(_("VAT rate"), Kind.RATE, 10),
        Column(_("Price with tax, CNY"), Kind.PRICE, 16),
        Column(_("Unit"), width=14),
        Column(_("Price per normalised unit, CNY with tax"), Kind.PRICE, 18),
        Column(_("Normalised unit"), width=14),
        Column(_("Specifications"), width=60),
    ]


def _rows(request: HttpRequest) -> Iterator[cells.Row]:
    chosen, _unknown = filters.read_filters(params={name: request.GET.getlist(name) for name in request.GET})
    organisation_id = gate.actor_of(request).organisation_id
    return map(_row, queries.list_offerings(filters=chosen, organisation_id=organisation_id))


def _row(row: queries.OfferingRow) -> cells.Row:
    product, centre, price = row.product, row.data_centre, row.list_price
    unit = normalised.NORMAL_UNITS.get(product.normal_unit)
    return [
        product.code or "",
        row.title,
        str(wording.SERVICES.get(product.service_model, product.service_model)),
        row.category,
        product.partner.name if product.partner else "",
        centre.name,
        centre.county.prefecture.name if centre.county.prefecture else centre.county.name,
        centre.county.name,
        "、".join(str(wording.DEPLOYMENT_MODELS.get(one, one)) for one in product.deployment_models),
        product.sla_percent,
        centre.proven_mlps_level,
        centre.proven_pue,
        centre.proven_green_percent,
        product.lead_time_days,
        _("Yes") if product.is_recommended else _("No"),
        price.net if price else None,
        price.vat_rate if price else None,
        price.gross if price else None,
        row.list_unit,
        product.normal_price,
        unit.label if unit else "",
        "；".join(f"{name} {value}" for name, value in row.specs),
    ]
