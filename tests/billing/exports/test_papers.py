"""The PDF of an invoice and of a credit note: legible Chinese, the same figures as the page, kept once."""

import io

import pypdf
import pytest
from django.core.files.base import ContentFile

from billing.exports import papers
from billing.exports.models import Paper
from billing.invoicing import crediting, profiles
from billing.invoicing import queries as invoicing
from tests import charges, factories

pytestmark = [pytest.mark.django_db, pytest.mark.pdf]
NOW = charges.ISSUED_AT


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.CLIENT_MONEY_BANK, settings.CLIENT_MONEY_ACCOUNT = "中国工商银行赤峰分行", "0602000109000000123"


@pytest.fixture
def invoice(files):
    buyer = factories.foods()
    address = {
        "address": "赤峰市松山区玉龙大街 1 号",
        "phone": "0476-8830000",
        "bank_name": "建设银行",
        "bank_account": "1500",
    }
    profiles.save_profile(actor=factories.actor(buyer, "owner"), now=NOW, **address)
    return charges.issued_invoice("3327.415", buyer=buyer)


def words(content: bytes) -> str:
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def get(number, buyer, language="zh-hans"):
    return papers.get_paper(number=number, language=language, actor=factories.actor(buyer, "finance"), now=NOW)


def test_an_invoice_in_both_languages(invoice, django_assert_max_num_queries):
    paper = get(invoice.number, invoice.buyer)
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (3327_42, 199_65, 3527_07)
    chinese = words(paper.content)
    for part in (
        "发票FP-2026-000001",
        invoice.buyer_name,
        invoice.buyer_uscc,
        "赤峰市松山区玉龙大街1号0476-8830000",
        "建设银行1500",
        "¥3,327.42",
        "¥199.65",
        "¥3,527.07",
        "叁仟伍佰贰拾柒元零柒分",
        "中国工商银行赤峰分行0602000109000000123",
    ):
        assert part in chinese, part
    meta = pypdf.PdfReader(io.BytesIO(paper.content))
    assert meta.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert meta.trailer["/Root"]["/Lang"] == "zh-hans"
    english = words(get(invoice.number, invoice.buyer, "en").content)
    assert "Invoice" in english
    assert "¥3,527.07" in english
    assert "叁仟伍佰贰拾柒元零柒分" in english
    with django_assert_max_num_queries(6):
        again = get(invoice.number, invoice.buyer)
    assert (again.content, again.sha256) == (paper.content, paper.sha256)
    assert Paper.objects.count() == 2


def test_a_credit_note_is_below_zero(invoice):
    finance = factories.actor(factories.platform(), "finance")
    note = crediting.credit_invoice(
        invoice_number=invoice.number,
        lines=[crediting.LineRequest(1, gross_minor=10_60)],
        reason="goodwill",
        remark="机房停电半天",
        request_key="k",
        actor=finance,
        now=NOW,
    )
    chinese = words(get(note.number, invoice.buyer).content)
    for part in (
        "HZ-2026-000001",
        "FP-2026-000001",
        "-¥10.00",
        "-¥0.60",
        "-¥10.60",
        "负壹拾元零陆角整",
        "机房停电半天",
    ):
        assert part in chinese, part


def test_another_buyer_and_a_provider_see_neither(invoice):
    for organisation in (factories.bureau(), invoice.provider.organisation):
        with pytest.raises(invoicing.NoSuchInvoice):
            get(invoice.number, organisation)
        with pytest.raises(invoicing.NoSuchInvoice):
            get("HZ-2026-000001", organisation)
    assert not Paper.objects.exists()


def test_an_altered_file_is_not_served(invoice):
    get(invoice.number, invoice.buyer)
    paper = Paper.objects.get()
    paper.file.storage.delete(paper.file.name)
    paper.file.storage.save(paper.file.name, ContentFile(b"%PDF-1.7 other"))
    with pytest.raises(papers.Altered):
        get(invoice.number, invoice.buyer)
