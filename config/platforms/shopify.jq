# Shopify: money as text in major units, ids of 12 to 19 digits, times with the shop's offset.

def gid: if . == null then null else tostring | split("/") | last end;
# Why an answer is none. Who may not see customers gets the orders without them.
def refusal: .errors | if isarray then [.[] | select(.path | isarray and .[-1] == "customer" | not)][0] else . end;

# An authorisation that was voided or ran out may be asked for again: such an order is cancelled by its cancellation alone.
def is_paid: ascii_downcase | . == "paid" or . == "partially_refunded" or . == "refunded";

# What is paid was paid in full once: a paid order that was edited up, and waits for the rest, is worth what was received for it. One that
# was called off with its deposit alone was never paid, though that went back.
def received: .totalReceivedSet.shopMoney.amount | some_money;
def is_deposit: .cancelledAt != null and received != null and
  (received | tonumber) < ([.totalPriceSet, .originalTotalPriceSet | .shopMoney.amount | select(.) | tonumber] | min // 0);
def graph_is_paid: (.displayFinancialStatus // "" | is_paid) and (is_deposit | not);
def is_raised: .displayFinancialStatus == "PARTIALLY_PAID" and received != null and (.originalTotalPriceSet.shopMoney.amount | some_money) != null
  and (received | tonumber) >= (.originalTotalPriceSet.shopMoney.amount | tonumber);

# A refund is an event of its own, so an order is worth what was received before it, however it was edited since.
def graph_value($paid): if .cancelledAt then .totalPriceSet.shopMoney.amount elif $paid then received // .currentTotalPriceSet.shopMoney.amount else .currentTotalPriceSet.shopMoney.amount end;

# An order is paid by the part that makes it whole; what an edit raised it by is paid after it. What costs nothing was paid when it was placed.
def parts: [.transactions[]? | select(.status == "SUCCESS" and (.kind == "SALE" or .kind == "CAPTURE"))] | sort_by(.processedAt);
def paid_at: ([.originalTotalPriceSet.shopMoney.amount, received | select(.) | tonumber] | min // 0) as $whole | parts as $parts |
  ([range($parts | length) | select(([$parts[:. + 1][].amountSet.shopMoney.amount] | sum // "0" | tonumber) >= $whole)] | .[0] // -1) as $place | $parts[$place].processedAt // (.processedAt // .createdAt);

# A customer's number of orders is that of now: an order's own place while it is the first one, or was just placed.
def place: .customerJourneySummary.customerOrderIndex // (.createdAt as $placed | .customer.numberOfOrders | select(. != null) | tonumber
  | select(. <= 1 or ($at | fromdate) - ($placed | fromdate) < 120)) // null;

# An edit takes away for nothing what a refund gives money back for: what was edited out was not sold, what was given back was.
def gives_back: .totalRefundedSet.shopMoney.amount | some_money;

# A tip is no product: in GraphQL it has none, and its name.
def is_tip: (.tip // .tip_payment_gateway) != null or (.title == "Tip" and (.variant // .variant_id // .product // .product_id) == null);

# What discounts took off the lines, as they were sold.
def allotted: [.lineItems.nodes[].discountAllocations[]?.allocatedAmountSet.shopMoney.amount] | sum;
# Lines that come to more than the order did when it was placed, and to more than was received, by a line that stands, were exchanged for it
# (discounts that no line tells, and shipping, are less): what they were before is not what was sold.
def is_exchanged: ([.lineItems.nodes[] | .quantity as $n | .originalUnitPriceSet.shopMoney.amount | times($n)] + [allotted | times(-1)] | sum // "0" | tonumber) as $told |
  ([.originalTotalPriceSet.shopMoney.amount, received | select(.) | tonumber] | max // infinite) as $came |
  ([.lineItems.nodes[] | select(.currentQuantity > 0) | (.originalUnitPriceSet.shopMoney.amount | tonumber) * .currentQuantity] | min) as $stands |
  $stands != null and $told - $came > $stands / 2;

def graph_order: if .test then {type: "purchase", order: (.id | gid), ts: $at, value: (.currentTotalPriceSet.shopMoney.amount), currency: .currencyCode, test: true} else
  (.id | gid) as $order | .currentTotalPriceSet.shopMoney.currencyCode as $currency | .customerJourneySummary.lastVisit as $visit | ((.cancelledAt != null or any(.refunds[]?; gives_back)) and (is_exchanged | not)) as $gone | (graph_is_paid or is_raised) as $paid |
  {type: "purchase", order: $order, rev: .updatedAt, ts: $at, placed_at: (.processedAt // .createdAt),
   status: (if .cancelledAt then "cancelled" elif $paid then "paid" else "placed" end), cancelled_at: .cancelledAt,
   paid_at: (if $paid then paid_at else null end),
   value: graph_value($paid), currency: $currency,
   customer: (.customer.id | gid), new: (place | if . then . <= 1 else null end),
   coupons: (.discountCodes // []), discount: ([.currentTotalDiscountsSet.shopMoney.amount, (select($gone) | allotted)] | map(select(.)) | max_by(tonumber)), method: .paymentGatewayNames[0],
   channel: ((channel($visit.landingPage; $visit.referrerUrl) // {}) + ($visit.utmParameters // {} | {source, medium, campaign} | compact) | channel),
   items: [.lineItems.nodes[] | select(is_tip | not) | (if $gone then .quantity else .currentQuantity end) as $n | select($n > 0)
     # the discount is that of all units, of those that were edited out too
     | .quantity as $all | {sku: first_known(.sku, (.variant.id, .product.id | gid), .title, (.id | gid)), quantity: $n, name: .title, price: .originalUnitPriceSet.shopMoney.amount,
        discount: ([.discountAllocations[]?.allocatedAmountSet.shopMoney.amount] | sum | times($n) | shared($all; $currency))} | line($currency)]},
  (.refunds[]? | select(gives_back)
    | {type: "refund", id: id_of("refund", (.id | gid)), ts: .createdAt, order: $order, value: .totalRefundedSet.shopMoney.amount, currency: $currency})
  end;

# As the lines of orders name a variant.
def variant_sku: first_known(.sku, (.id | gid));

def graph_stock: variant_sku as $sku | .price as $price | if .inventoryItem.tracked == false or .inventoryItem.inventoryLevels.nodes == [] then skip("no stock is kept") else .inventoryItem.inventoryLevels.nodes[]
  | {type: "inventory", ts: $at, sku: $sku, price: ($price | major), location: (.location.id | gid), available: ([.quantities[] | select(.name == "available") | .quantity] | first),
     reserved: ([.quantities[] | select(.name == "committed") | .quantity] | first)} end;

def hook_line: {sku: first_known(.sku, .variant_id, .product_id, .title, .id), quantity, name: .title, price};

# What is not in a delivery: what was received for an order that was edited, paid in part or given back, and when one that is cancelled
# was paid. The poll's own map tells it.
def is_told_in_part: (.test | not) and if .cancelled_at then .financial_status // "" | is_paid else
  (.financial_status == "partially_paid" or (.refunds // [] | length > 0) or (.current_total_price // .total_price) != .total_price
    or any(.line_items[]; (.current_quantity // .quantity) != .quantity)) end;

def expanded_order: $feed["expand.cart"] as $cart | .data.order | if . == null then skip("the order is not there any more") else
  graph_order | if .type == "purchase" then .cart = ($cart | known) else . end end;

# what the admin sends as a test notification
def hook_order: if .id == 820982911946154508 then skip("the admin's test notification") elif .line_items == null then skip("no order: it was deleted, or what was edited comes with its update")
  elif .financial_status == null and .order_number == null then skip("no order: a draft, a checkout or a fulfillment")
  elif is_told_in_part then expand({id: (.id | text), cart: (.checkout_token // .cart_token // "")}) else {
  type: "purchase", order: (.id | text), rev: .updated_at, ts: $at, placed_at: (.processed_at // .created_at), cancelled_at: .cancelled_at,
  test: (if .test then true else null end),
  status: (if .cancelled_at then "cancelled" elif .financial_status // "" | is_paid then "paid" else "placed" end),
  value: .total_price, currency, customer: (.customer.id | text), cart: (.checkout_token // .cart_token),
  coupons: [.discount_codes[]?.code], discount: .total_discounts, channel: channel(.landing_site; .referring_site),
  items: (.currency as $currency | [.line_items[] | select(.quantity > 0 and (is_tip | not))
    | hook_line + {discount: ([.discount_allocations[]?.amount] | sum)} | line($currency)])} end;

# Created and updated tell one checkout: that it began is one fact, the same in each of them; what is in it is a state.
def hook_checkout: if .token == null or .order_number != null then skip("no checkout: it was deleted, or is an order")
  # the poll's orders name no cart
  elif .completed_at then {type: "cart", cart: .token, status: "bought", rev: (.updated_at // .completed_at), ts: .completed_at, value: .total_price, currency}
  else channel(.landing_site; .referring_site) as $channel | (.updated_at // .created_at) as $ts |
  {type: "begin_checkout", id: id_of("checkout", .token), ts: .created_at, cart: .token, currency, channel: $channel},
  {type: "cart", cart: .token, status: "checkout", rev: $ts, ts: $ts, value: .total_price, currency, customer: (.customer.id | text), channel: $channel,
   items: (.currency as $currency | [.line_items[]? | hook_line | line($currency)])} end;

# Money in the buyer's currency belongs to an order in the shop's: the poll tells it in the shop's.
def hook_refund: [.refund_line_items[]?.subtotal_set, .order_adjustments[]?.amount_set | .shop_money.currency_code | select(.)] as $shop | [.transactions[]? | select(.kind == "refund" and .status == "success")] as $paid |
  if ($paid | length) == 0 then skip("no money went back")
  elif any($paid[]; .currency as $currency | any($shop[]; . != $currency)) then skip("in the buyer's currency: the poll tells it in the shop's") else
  {type: "refund", id: id_of("refund", .id), ts: (.created_at // .processed_at), order: (.order_id | text), currency: $paid[0].currency,
   value: ([$paid[].amount] | sum)} end;

# The table has the first of a shop's variants: another one is asked for.
def hook_stock: (.inventory_item_id | text) as $item | $join[$item // ""] as $sku | if .available == null then skip("no stock is kept") else
  {type: "inventory", ts: .updated_at, sku: $sku, location: (.location_id | text), available} |
  if $sku then . else expand({id: id_of($item, .location), $item, level: tojson}) end end;
def expanded_stock: (.data.inventoryItem.variants.nodes[0]? | objects | variant_sku) // null | . as $sku |
  if $sku then $feed["expand.level"] | fromjson | .sku = $sku else skip("the variant is not there any more") end;

def pixel_sku: first_known(.sku, .id, .product.id, .title, .product.title);
def pixel_line: {sku: (.merchandise | pixel_sku), quantity, price: (.cost.totalAmount.currencyCode as $currency | .merchandise.price.amount | rounded($currency))};
def pixel: {product_viewed: "view_item", product_added_to_cart: "add_to_cart", product_removed_from_cart: "remove_from_cart", checkout_started: "begin_checkout", payment_info_submitted: "add_payment_info"}[.name] as $type |
  if $type == null then skip("not of interest") elif ($type | endswith("_cart")) and .data.cartLine == null then skip("a cart without the line") else
  {type: $type, id: id_of("pixel", .id), ts: .timestamp, visitor: .clientId, channel: channel(.context.document.location.href; .context.document.referrer)}
  + (if $type == "begin_checkout" or $type == "add_payment_info" then .data.checkout | .currencyCode as $currency | {cart: .token, value: (.totalPrice.amount | rounded($currency)), $currency,
       items: [.lineItems[]? | {sku: ((.variant | pixel_sku) // first_known(.title, .id)), quantity, price: .variant.price.amount} | line($currency)]}
     elif .data.cartLine then .data.cartLine | pixel_line + {currency: .cost.totalAmount.currencyCode, product: .merchandise.product.id}
     else .data.productVariant | .price.currencyCode as $currency | {sku: pixel_sku, price: (.price.amount | rounded($currency)), $currency, product: .product.id} end) end;
