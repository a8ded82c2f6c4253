# Shopify: money as text in major units, ids of 12 to 19 digits, times with the shop's offset.

def gid: if . == null then null else tostring | split("/") | last end;
# What "current" means here: after edits, returns and refunds. A refund is an event of its own, so an order is worth what was paid before it.
def before_refunds: ([.refunds[]?.transactions[]? | select(.kind == "refund" and .status == "success") | .amount | tonumber] | add) as $back |
  if $back == null then .current_total_price // .total_price
  else [(.current_total_price // .total_price | tonumber) + $back, ([.current_total_price, .total_price | select(. != null) | tonumber] | max)] | min * 1000 | round / 1000 | tostring end;

def states: {PAID: "paid", PARTIALLY_REFUNDED: "paid", REFUNDED: "paid", PENDING: "placed", AUTHORIZED: "placed", PARTIALLY_PAID: "placed", VOIDED: "cancelled", EXPIRED: "cancelled"};

def received: .totalReceivedSet.shopMoney.amount as $money | if states[.displayFinancialStatus] == "paid" and $money != null and ($money | tonumber) > 0 then $money else null end;

def graph_order: if .test then {type: "purchase", order: (.id | gid), ts: $at, value: (.currentTotalPriceSet.shopMoney.amount), currency: .currencyCode, test: true} else
  (.id | gid) as $order | .customerJourneySummary.lastVisit as $visit | (.cancelledAt != null or (.refunds // [] | length > 0)) as $gone |
  {type: "purchase", order: $order, rev: .updatedAt, ts: $at, placed_at: (.processedAt // .createdAt),
   status: (if .cancelledAt then "cancelled" else states[.displayFinancialStatus] // "placed" end), cancelled_at: .cancelledAt,
   paid_at: ([.transactions[]? | select(.status == "SUCCESS" and (.kind == "SALE" or .kind == "CAPTURE")) | .processedAt] | min),
   value: (if .cancelledAt then .totalPriceSet.shopMoney.amount else received // .currentTotalPriceSet.shopMoney.amount end), currency: .currentTotalPriceSet.shopMoney.currencyCode,
   customer: (.customer.id | gid), new: (if .customer.numberOfOrders then (.customer.numberOfOrders | tonumber) <= 1 else null end),
   coupons: (.discountCodes // []), discount: .currentTotalDiscountsSet.shopMoney.amount, method: .paymentGatewayNames[0],
   channel: ({source: $visit.utmParameters.source, medium: $visit.utmParameters.medium, campaign: $visit.utmParameters.campaign,
              referrer: $visit.referrerUrl, landing: $visit.landingPage} | channel),
   items: [.lineItems.nodes[] | (if $gone then .quantity else .currentQuantity end) as $n | select($n > 0)
     | {sku: ((.sku | known) // (.variant.id | gid)), quantity: $n, name: .title, price: .originalUnitPriceSet.shopMoney.amount}]},
  (.currentTotalPriceSet.shopMoney.currencyCode as $currency | .refunds[]? | select((.totalRefundedSet.shopMoney.amount | tonumber) > 0)
    | {type: "refund", id: "refund-\(.id | gid)", ts: .createdAt, order: $order, value: .totalRefundedSet.shopMoney.amount, currency: $currency})
  end;

def graph_stock: .sku as $sku | .price as $price | if ($sku | known) then .inventoryItem.inventoryLevels.nodes[]
  | {type: "inventory", ts: $at, sku: $sku, price: ($price | major), location: (.location.id | gid), available: ([.quantities[] | select(.name == "available") | .quantity] | first),
     reserved: ([.quantities[] | select(.name == "committed") | .quantity] | first)} else skip("a variant without a sku") end;

# what the admin sends as a test notification
def hook_order: if .id == 820982911946154508 then skip("the admin's test notification") else {
  type: "purchase", order: (.id | text), rev: .updated_at, ts: $at, placed_at: (.processed_at // .created_at), cancelled_at: .cancelled_at, test: (if .test then true else null end),
  status: (if .cancelled_at then "cancelled" elif .financial_status == "paid" or .financial_status == "partially_refunded" or .financial_status == "refunded" then "paid" elif .financial_status == "voided" then "cancelled" else "placed" end),
  value: (if .cancelled_at then .total_price else before_refunds end), currency, customer: (.customer.id | text), cart: (.checkout_token // .cart_token),
  coupons: [.discount_codes[]?.code], discount: .total_discounts, channel: channel(.landing_site; .referring_site),
  items: ((.cancelled_at != null or (.refunds // [] | length > 0)) as $gone | [.line_items[] | (if $gone then .quantity else .current_quantity // .quantity end) as $n | select($n > 0)
    | {sku: ((.sku | known) // (.variant_id | text)), quantity: $n, name: .title, price, discount: ([.discount_allocations[]?.amount | tonumber] | add | if . == null or . == 0 then null else tostring end)}])} end;

def hook_checkout: if .completed_at then skip("a completed checkout is an order") else
  {type: "begin_checkout", id: "checkout-\(.token)", ts: .created_at, cart: .token, value: .total_price, currency, channel: channel(.landing_site; .referring_site),
   items: [.line_items[] | {sku: ((.sku | known) // (.variant_id | text)), quantity, name: .title, price}]} end;

def hook_refund: [.transactions[]? | select(.kind == "refund" and .status == "success")] as $paid |
  if ($paid | length) == 0 then skip("no money went back") else
  {type: "refund", id: "refund-\(.id)", ts: (.created_at // .processed_at), order: (.order_id | text), currency: $paid[0].currency,
   value: (if ($paid | length) == 1 then $paid[0].amount else [$paid[].amount | tonumber] | add | tostring end)} end;

def hook_stock: $join[(.inventory_item_id | tostring)] as $sku | if $sku then
  {type: "inventory", ts: .updated_at, sku: $sku, location: (.location_id | text), available} else empty end;

def pixel_line: {sku: ((.merchandise.sku | known) // .merchandise.id), quantity, price: (.merchandise.price.amount | major)};
def pixel: {product_viewed: "view_item", product_added_to_cart: "add_to_cart", product_removed_from_cart: "remove_from_cart", checkout_started: "begin_checkout", payment_info_submitted: "add_payment_info"}[.name] as $type |
  if $type == null then skip("not of interest") else
  {type: $type, id: "pixel-\(.id)", ts: .timestamp, visitor: .clientId, channel: channel(.context.document.location.href; .context.document.referrer)}
  + (if $type == "begin_checkout" or $type == "add_payment_info" then .data.checkout | {cart: .token, value: (.totalPrice.amount | major), currency: .currencyCode,
       items: [.lineItems[]? | {sku: ((.variant.sku | known) // .variant.id), quantity, price: (.variant.price.amount | major)}]}
     elif .data.cartLine then .data.cartLine | pixel_line + {currency: .cost.totalAmount.currencyCode, product: .merchandise.product.id}
     else .data.productVariant | {sku: ((.sku | known) // .id), price: (.price.amount | major), currency: .price.currencyCode, product: .product.id} end) end;
