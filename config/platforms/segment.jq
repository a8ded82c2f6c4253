# Segment's ecommerce spec: JSON numbers in major units.

def order_of($p): first_known($p.order_id, $p.orderId, $p.id);
# The spec gives the cart's id to some events, the checkout's to others: a visitor is what all of them name.
def cart_of($p): first_known(.anonymousId, $p.cart_id, $p.cartId, $p.checkout_id, $p.checkoutId, .userId, $p.order_id, $p.orderId);
def product_of: first_known(.product_id, .productId);
def sku_of: first_known(.sku, product_of, .id, .name);

# Names of events are compared without case, spaces and underscores: "Order Completed", "order_completed", "OrderCompleted".
def kinds: {
  productviewed: "view_item", viewedproduct: "view_item", productclicked: "select_item", clickedproduct: "select_item",
  productadded: "add_to_cart", addedproduct: "add_to_cart", productremoved: "remove_from_cart", removedproduct: "remove_from_cart",
  checkoutstarted: "begin_checkout", startedcheckout: "begin_checkout", paymentinfoentered: "add_payment_info",
  ordercompleted: "completed", completedorder: "completed", orderupdated: "updated", updatedorder: "updated",
  ordercancelled: "cancelled", cancelledorder: "cancelled", orderrefunded: "refund", refundedorder: "refund"};
def kind: kinds[.event // "" | tostring | ascii_downcase | split(" ") | join("") | split("_") | join("")];

def lines($currency): [.products[]? | objects | {sku: sku_of, quantity: (.quantity // 1), name, price} | line($currency)];
# What the customer pays: revenue is without shipping and taxes. Null where it is nowhere.
def worth($currency): ((.total | known) // (.value | known) // (if (.revenue | known) == null then null else [.revenue, .shipping, .tax] | sum end)) | rounded($currency);
# What lines cost together; null when the price of one is not told.
def of_lines($currency): if any(.price == null) then null else [.[] | .quantity as $n | .price | times($n)] | sum | rounded($currency) end;
# The same of an order that tells no sum: its lines, shipping and taxes, less the discount.
def worth($currency; $lines): worth($currency) // (($lines | of_lines($currency)) as $goods |
  if $goods == null then null else [$goods, .shipping, .tax, (.discount | times(-1))] | sum | rounded($currency) end);

# The campaign is the page's own: without one its address tells it.
def came: .campaign as $c | (.page.url | known) as $url | (.page.search // "" | ltrimstr("?")) as $search |
  channel(if $search == "" or ($url // "" | contains("?")) then $url else "\($url // "")?\($search)" end; .page.referrer) as $told |
  ($told // {} | if .source // .medium // .campaign then . else del(.landing) end) + ({source: $c.source, medium: $c.medium, campaign: $c.name} | compact) | channel;

def track: kind as $kind |
  if .type != "track" or $kind == null then skip("not of the funnel") else
  (.properties // {}) as $p | ($p.currency | known) as $currency | ($p | lines($currency)) as $lines | ((.timestamp // .originalTimestamp // .receivedAt) | time) as $ts |
  (.context // {} | came) as $channel |
  {ts: $ts, currency: $currency} +
  (if $kind | among("completed", "updated", "cancelled") then
     {type: "purchase", order: order_of($p), rev: $ts, status: (if $kind == "cancelled" then "cancelled" else "paid" end),
      placed_at: (if $kind == "completed" then $ts else null end), paid_at: (if $kind == "completed" then $ts else null end), cancelled_at: (if $kind == "cancelled" then $ts else null end),
      visitor: .anonymousId, customer: (.userId | text), cart: cart_of($p), value: ($p | worth($currency; $lines)), discount: ($p.discount | rounded($currency)),
      coupons: [$p.coupon | if isarray then .[] else . end | known | text | select(.)], items: $lines, channel: $channel}
   elif $kind == "refund" then {type: $kind, id: .messageId, order: order_of($p), value: (($p | worth($currency)) // ($lines | of_lines($currency))), items: $lines}
   elif $kind | among("begin_checkout", "add_payment_info") then
     {type: $kind, id: .messageId, visitor: .anonymousId, cart: cart_of($p), value: ($p | worth($currency; $lines)), items: $lines, method: $p.payment_method, channel: $channel}
   else {type: $kind, id: .messageId, visitor: .anonymousId, sku: ($p | sku_of), product: ($p | product_of), quantity: $p.quantity, price: ($p.price | rounded($currency)),
      cart: (if $kind | among("add_to_cart", "remove_from_cart") then cart_of($p) else null end), channel: $channel} end) end;
