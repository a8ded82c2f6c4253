# VTEX: integer minor units everywhere, " " for an empty text, seven decimals of a second.

def order: {
  type: "purchase", order: .orderId, cart: (.orderFormId | known), rev: .lastChange, ts: $at, placed_at: .creationDate, paid_at: .authorizedDate,
  status: (if .status == "canceled" or .status == "cancellation-requested" then "cancelled" elif .authorizedDate then "paid" else "placed" end),
  cancelled_at: (if .status == "canceled" then .lastChange else null end),
  value: (.value | minor), currency: .storePreferencesData.currencyCode, customer: (.clientProfileData.userProfileId | known),
  coupons: [.marketingData.coupon | known | select(.)], method: ([.paymentData.transactions[]?.payments[]?.paymentSystemName] | first),
  discount: ([.totals[]? | select(.id == "Discounts") | .value] | add | if . == null or . == 0 then null else - . | minor end),
  channel: ({source: (.marketingData.utmSource | known), medium: (.marketingData.utmMedium | known), campaign: (.marketingData.utmCampaign | known)} | channel),
  items: [.items[] | select(.isGift | not) | {sku: ((.refId | known) // .id), quantity, name, price: (.sellingPrice | minor)}]};
