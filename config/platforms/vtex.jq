# VTEX: whole hundredths of every currency, " " for an empty text, seven decimals of a second.

def hundredths($currency): if . == null then null else scaled(2) | rounded($currency) end;

# What is asked to be cancelled is not yet, what is being cancelled is; what is replaced goes on under another number.
def is_off: .status | among("canceled", "cancel", "replaced");

# What is handled was authorised, whether it says when or not.
def is_paid: .authorizedDate != null or (.status | among("payment-approved", "ready-for-handling", "start-handling", "handling", "window-to-cancel", "invoice", "invoiced"));

# What is written by others than VTEX may be a day alone, or tell no zone: VTEX's own times are in UTC.
def moment: known | if . == null then null elif length == 10 then . + "T00:00:00Z" elif test("Z$|[+-]\\d\\d:?\\d\\d$") then . else . + "Z" end;
# A day alone lies before what happened on it.
def not_before($earliest): if . == null or (test("(Z|[+-]00:00)$") and .[:19] < $earliest[:19]) then $earliest else . end;

# Of a try to pay that was denied nothing but the try is kept: its buyer places a new order.
# What a line costs in all: its selling price is rounded.
def line_total: .quantity as $n | (.unitMultiplier // 1) as $each | .priceDefinition.total // (.sellingPrice | times($n) | times($each));

def order: if .status == "incomplete" then skip("an incomplete order: its buyer places another one")
  elif .status | among("order-create-error", "order-creation-error") then skip("an order that could not be made") else .storePreferencesData.currencyCode as $currency | {
  type: "purchase", order: .orderId, cart: (.orderFormId | known), rev: .lastChange, ts: $at, placed_at: .creationDate, paid_at: .authorizedDate,
  status: (if is_off then "cancelled" elif is_paid then "paid" else "placed" end),
  cancelled_at: (if is_off then (.cancellationData | objects | .CancellationDate // .cancellationDate | moment) // .lastChange else null end),
  value: (.value | hundredths($currency)), $currency, customer: (.clientProfileData.userProfileId | known),
  coupons: [.marketingData.coupon | known | select(.)], # a first try is no longer active
  method: ([.paymentData.transactions[]?] | sort_by(.isActive == false) | [.[].payments[]?.paymentSystemName] | first),
  discount: ([.totals[]? | select(.id == "Discounts") | .value] | add | if . == null or . == 0 then null else - . | hundredths($currency) end),
  channel: ({source: (.marketingData.utmSource | known), medium: (.marketingData.utmMedium | known), campaign: (.marketingData.utmCampaign | known)} | channel),
  # a gift leaves the stock too
  items: [.items[] | {sku: first_known(.refId, .id, .productId, .name), quantity, name, whole: (if .isGift then 0 else line_total end | hundredths($currency))} | line($currency)]},
  # the invoice of a return is what went back
  (.orderId as $order | (.authorizedDate // .creationDate) as $paid | .packageAttachment.packages[]? | select(.type == "Input" and (.invoiceValue | some_money))
    | {type: "refund", id: id_of("return", $order, .invoiceNumber), ts: (.issuanceDate | moment | not_before($paid)), $order, value: (.invoiceValue | hundredths($currency)), $currency}) end;
