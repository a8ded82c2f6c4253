# Segment's ecommerce spec: JSON numbers in major units.

def order_of($p): first_known($p.order_id, $p.orderId, $p.transaction_id, $p.id, $p.order_number);
# A guest of some shops.
def person: if . == 0 or . == "0" then null else text end;
# The spec gives the cart's id to some events, the checkout's to others: a visitor, else who is logged in, is what all of them name.
def cart_of($p): first_known(.anonymousId, (.userId | person), $p.cart_id, $p.cartId, $p.checkout_id, $p.checkoutId, $p.order_id, $p.orderId);
def product_of: first_known(.product_id, .productId, .item_id, .objectID);
def sku_of: first_known(.sku, .SKU, product_of, .id, .name);

# Names of events are compared without case, spaces, hyphens and underscores: "Order Completed", "order_completed", "OrderCompleted". Those of
# Google Analytics are known too, those of Saleor's app, which begin with its own, and those of plugins that tell each state of an order.
def kinds: {
  productviewed: "view_item", viewedproduct: "view_item", productclicked: "select_item", clickedproduct: "select_item",
  productadded: "add_to_cart", addedproduct: "add_to_cart", wishlistproductaddedtocart: "add_to_cart", productremoved: "remove_from_cart", removedproduct: "remove_from_cart",
  checkoutstarted: "begin_checkout", startedcheckout: "begin_checkout", startedorder: "begin_checkout", paymentinfoentered: "add_payment_info",
  ordercompleted: "completed", completedorder: "completed", orderupdated: "updated", updatedorder: "updated",
  orderplaced: "completed", orderpaid: "completed", orderprocessing: "completed", orderpending: "pending", orderonhold: "pending",
  ordercancelled: "cancelled", cancelledorder: "cancelled", ordercanceled: "cancelled", canceledorder: "cancelled", orderrefunded: "refund", refundedorder: "refund",
  viewitem: "view_item", selectitem: "select_item", addtocart: "add_to_cart", removefromcart: "remove_from_cart",
  begincheckout: "begin_checkout", addpaymentinfo: "add_payment_info", purchase: "completed", refund: "refund"};
def event: .event // "" | tostring | ascii_downcase | split(" ") | join("") | split("_") | join("") | split("-") | join("");
def is_of_saleor: event | startswith("saleor");
def kind: kinds[event | ltrimstr("saleor")];

# Saleor's app tells what a line costs together as its price.
def lines($currency; $whole): [(.products // .items // .refunded_products)[]? | objects | (.price | shown | figure) as $price |
  {sku: sku_of, quantity: ((.quantity | figure) // 1), name: first_known(.name, .item_name)} + (if $whole then {whole: $price} else {$price} end) | line($currency)];
# What lines cost together; null when the price of one is not told.
def of_lines($currency): if any(.price == null) then null else [.[] | .quantity as $n | .price | times($n)] | sum | rounded($currency) end;
# What the customer pays; null where it is nowhere. Revenue and subtotal are without shipping and taxes; the discount is off the subtotal and
# off a revenue that is the same, but not off what the lines cost, nor off a revenue that is the same as that.
def worth($currency; $lines): (.total | known | shown) // (.value | known | shown) // (.amount | known | shown) // (.total_price | known | shown) // (
  ($lines | of_lines($currency)) as $goods | (.revenue | known | shown | rounded($currency)) as $revenue |
  # what has it all in it already is no revenue in the spec's sense
  if $revenue != null and (.subtotal | known) != null and ([.subtotal, .shipping, .tax] | sum | rounded($currency)) == $revenue then $revenue
  elif $revenue == null and (.subtotal | known) != null then [.subtotal, .shipping, .tax] | sum
  elif ($revenue // $goods) == null then null
  else [($revenue // $goods), .shipping, .tax, (if $goods != null and ($revenue // $goods) == $goods and (.subtotal | known | shown | rounded($currency)) != $revenue then .discount | shown | figure | times(-1) else null end)] | sum end)
  | rounded($currency);
# Told before the money has come.
def is_unpaid: .new_status // .financial_status // .payment_status // .status // "" | tostring | ascii_downcase | among("pending", "failed", "on-hold", "on_hold", "unpaid", "authorized", "awaiting_payment", "waiting_payment");
def unsigned: if . != null and startswith("-") then .[1:] else . end;
# What went back, where it stands beside what the order was worth.
def back($currency): ((first_known(.refund_amount, .refundAmount, .refund_total, .amount) | shown) // ([(.refunded_products // .products)[]? | objects | .refund_amount] | sum)) | rounded($currency);
def trimmed: until(startswith(" ") | not; .[1:]) | until(endswith(" ") | not; .[:-1]);

# The campaign is the page's own: without one its address tells it.
def came: .campaign as $c | (.page.url | known) as $url | (.page.search // "" | ltrimstr("?")) as $search |
  channel(if $search == "" or ($url // "" | contains("?")) then $url else "\($url // "")?\($search)" end; (.page.referrer | known) // (.referrer | if isobject then .url else . end)) as $told |
  ($told // {} | if .source // .medium // .campaign then . else del(.landing) end) + ({source: $c.source, medium: $c.medium, campaign: $c.name} | compact) | channel;

def track: (.properties // {}) as $p | ($p.status // $p.new_status // "" | tostring | ascii_downcase) as $status |
  (kind | if . == "updated" and ($status | among("cancelled", "canceled")) then "cancelled" else . end) as $kind |
  if .type != "track" or $kind == null then skip("not of the funnel")
  # an order of any day is on its way
  elif $kind == "updated" and ($p.status // $p.fulfillment_status // "" | tostring | ascii_downcase | among("fulfilled", "shipped", "in_transit", "delivered"))
  then skip("of the delivery")
  # Saleor's app sends all that was ordered, whatever went back
  elif $kind == "refund" and is_of_saleor and ($p | .total // .refund_amount) == null then skip("a refund of which the sum is not told") else
  ($p.currency | known | if isstring then split(" ") | join("") | ascii_upcase else . end) as $currency | is_of_saleor as $whole | ($p | lines($currency; $whole)) as $lines | ((.timestamp // .originalTimestamp // .receivedAt) | time) as $ts |
  (.context // {} | came) as $channel |
  ($p | worth($currency; $lines)) as $worth |
  # what is tried out in Segment's own event tester is no sale
  {ts: $ts, currency: $currency, test: (if .messageId // "" | tostring | startswith("segment-test-message") then true else null end)} +
  # without its products a cancellation would take them from the order
  (if $kind == "cancelled" and ($worth == null or $lines == []) then {type: "cancellation", id: id_of("cancelled", order_of($p)), order: order_of($p), reason: ($p.reason | known)}
   elif $kind | among("completed", "pending", "updated", "cancelled") then ($kind == "pending" or ($p | is_unpaid)) as $unpaid |
     {type: "purchase", order: order_of($p), rev: $ts, status: (if $kind == "cancelled" then "cancelled" elif $unpaid then "placed" else "paid" end),
      placed_at: (if $kind | among("completed", "pending") then $ts else null end), paid_at: (if $kind == "completed" and ($unpaid | not) then $ts else null end), cancelled_at: (if $kind == "cancelled" then $ts else null end),
      visitor: .anonymousId, customer: (.userId | person), cart: cart_of($p), value: $worth, discount: ($p.discount | shown | figure | rounded($currency) | unsigned),
      coupons: [$p.coupon | if isarray then .[] elif isstring then split(",")[] | trimmed else . end | if isobject then first_known(.code, .name, .id) else known | text end | select(.)], items: $lines, channel: $channel}
   # one that names no sum is of all that its products came to, or of the whole order
   elif $kind == "refund" then (($p | back($currency)) // $worth | unsigned) as $back |
     {type: $kind, id: .messageId, order: order_of($p), currency: ($p.refund_currency // $currency), value: $back, items: $lines, total: (if $back == null then true else null end)}
   elif $kind | among("begin_checkout", "add_payment_info") then
     {type: $kind, id: .messageId, visitor: .anonymousId, cart: cart_of($p), value: $worth, items: $lines, method: ($p.payment_method | if isobject then first_known(.name, .type, .title, .id) else . end), channel: $channel}
   else ((if $p | sku_of then $p else $p.product // $p end)) as $item |
     {type: $kind, id: .messageId, visitor: .anonymousId, sku: ($item | sku_of), product: ($item | product_of),
      quantity: ($item.quantity | figure | if . == null then . else [tonumber | floor, 1] | max end), price: ($item.price | shown | figure | rounded($currency)), cart: (if $kind | among("add_to_cart", "remove_from_cart") then cart_of($p) else null end), channel: $channel} end) end;
