from django.db import migrations

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0002_initial"), ("organisations", "0002_append_only")]

    operations = [
        append_only.seal("invoicing_invoice"),
        append_only.append_only("invoicing_invoice"),
        append_only.append_only("invoicing_invoiceline"),
        append_only.append_only("invoicing_invoicetax"),
        append_only.sealed_children("invoicing_invoiceline", parent="invoicing_invoice", column="invoice_id"),
        append_only.sealed_children("invoicing_invoicetax", parent="invoicing_invoice", column="invoice_id"),
        append_only.frozen_except("invoicing_invoicebalance", ["paid_minor", "status"]),
    ]
