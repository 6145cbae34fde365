from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_guards_by_index")]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="kind",
            field=models.CharField(
                choices=[
                    ("receivable", "Receivable from buyers"),
                    ("bank_client_money", "Bank: client money"),
                    ("buyer_balance", "Buyers' prepaid balances"),
                    ("provider_clearing", "Held for providers, not settled"),
                    ("provider_payable", "Payable to providers"),
                    ("commission_revenue", "Commission revenue"),
                    ("vat_payable", "VAT payable"),
                    ("suspense", "Suspense: received, not matched yet"),
                    ("alipay_clearing", "Held by Alipay"),
                    ("stripe_clearing", "Held by Stripe"),
                    ("gateway_fees", "Fees of the payment services"),
                ],
                max_length=24,
                verbose_name="kind",
            ),
        ),
    ]
