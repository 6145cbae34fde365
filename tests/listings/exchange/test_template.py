"""The template and the export as a spreadsheet program opens them: frozen heading, widths, choices, explanation."""

import openpyxl
import pytest
from django.utils import translation

from listings import life
from listings.exchange import columns, export, template
from tests.listings.exchange.world import World

pytestmark = pytest.mark.django_db
NAMES = {"zh-hans": ["资源", "填写说明"], "en": ["Offerings", "Explanation"]}


@pytest.fixture
def world():
    return World()


def open_template(path, world):
    facts = template.read_facts(partner_id=world.partner.pk, category="")
    template.write_xlsx(path=path, facts=facts)
    return facts, openpyxl.load_workbook(path)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_template_explains_itself_in_both_languages(world, tmp_path, language):
    with translation.override(language):
        facts, book = open_template(tmp_path / "t.xlsx", world)
    assert book.sheetnames == NAMES[language]
    sheet, explained = book.worksheets
    heads = [cell.value for cell in sheet[1]]
    assert heads == [heading.text for heading in facts.headings]
    assert sheet.freeze_panes == "B2"
    widths = [sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]]
    assert all(width is None or width >= 13 for width in widths)
    assert sheet["A2"].value.startswith("#")  # the example is left out by the import
    texts = [row[0].value for row in explained.iter_rows() if row[0].value]
    names = [heading.name for heading in facts.headings]
    assert [text for text in texts if text in names][: len(names)] == names
    rows = {row[0].value: row for row in explained.iter_rows()}
    assert all(rows[name][1].value for name in columns.BY_NAME if name in names)
    assert all(rows[name][2].value for name, column in columns.BY_NAME.items() if column.is_required)
    meanings = "".join(str(rows[name][1].value) for name in columns.BY_NAME if name in names)
    assert any("\u4e00" <= character <= "\u9fff" for character in meanings) == (language == "zh-hans")


def test_the_template_offers_what_can_be_chosen(world, tmp_path):
    facts, book = open_template(tmp_path / "t.xlsx", world)
    sheet, explained = book.worksheets
    names = [heading.name for heading in facts.headings]
    offered = {}
    for rule in sheet.data_validations.dataValidation:
        (area,) = rule.sqref.ranges
        assert (rule.type, area.min_row) == ("list", 3)
        offered[names[area.min_col - 1]] = rule.formula1
    assert set(offered) == {"category", "data_centre", "support", "kind", "model"}
    assert set(offered["kind"].strip('"').split(",")) == {"one_time", "recurring", "metered"}
    for name, listed in (("category", 0), ("data_centre", 1)):
        first, last = (int(end.rpartition("$")[2]) for end in offered[name].split(":"))
        codes = [explained.cell(row, 1).value for row in range(first, last + 1)]
        assert codes == [code for code, _label in facts.lists[listed][1]]


def test_the_export_has_the_form_of_the_template(world, tmp_path):
    headings, rows = export.read_export(
        partner_id=world.partner.pk, schema=life.read_schema(partner_id=world.partner.pk)
    )
    export.write_xlsx(path=tmp_path / "e.xlsx", headings=headings, rows=rows)
    (sheet,) = openpyxl.load_workbook(tmp_path / "e.xlsx").worksheets
    assert [cell.value for cell in sheet[1]] == [heading.text for heading in headings]
    assert sheet.freeze_panes == "B2"
    assert sheet.column_dimensions["B"].width > 20  # the title
