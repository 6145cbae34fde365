"""Oscar's sentences that a buyer can meet, named so that our catalogue may word them our way.

Oscar's Chinese says 购物车, 信息中心 and 供应商; ours says 采购单, 控制台 and 供应方. The
project's own catalogue is asked before Oscar's, but it keeps only the sentences
found in the project's files: these.
"""

from django.utils.translation import gettext_noop

BASKET = (
    gettext_noop("Basket"),
    gettext_noop("Baskets"),
    gettext_noop("Add to basket"),
    gettext_noop("View basket"),
    gettext_noop("Your basket is empty."),
    gettext_noop("Your basket is now empty"),
    gettext_noop("You cannot modify a %s basket"),
    gettext_noop("Your basket has got some issues. Please correct any validation errors below."),
    gettext_noop("You need to add some items to your basket to checkout"),
    gettext_noop("We have merged a basket from a previous session. Its contents might have changed."),
    gettext_noop(
        "The price of '%(product)s' has increased from %(old_price)s to %(new_price)s since you added it to your basket"
    ),
    gettext_noop(
        "The price of '%(product)s' has decreased from %(old_price)s to %(new_price)s since you added it to your basket"
    ),
    gettext_noop("This product cannot be added to the basket because a price could not be determined for it."),
    gettext_noop(
        "This product cannot be added to the basket as its currency isn't the same as other products in your basket"
    ),
    gettext_noop("'%(title)s' is no longer available to buy (%(reason)s). Please adjust your basket to continue"),
    gettext_noop("'%s' has been added to your basket"),
    gettext_noop("Empty baskets cannot be submitted"),
)

PARTNER = (
    gettext_noop("Partner"),
    gettext_noop("Partner name"),
    gettext_noop("Fulfillment partner"),
    gettext_noop("Fulfillment partners"),
)

DASHBOARD = (gettext_noop("Dashboard"),)
