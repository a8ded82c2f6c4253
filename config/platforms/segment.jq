# Segment's ecommerce spec: JSON numbers in major units.

# The spec gives the cart's id to some events, the checkout's to others: a visitor is what all of them name.
def cart_of($p): first_known(.anonymousId, $p.cart_id, $p.checkout_id, .userId, $p.order_id);
def sku_of: first_known(.sku, .product_id, .id, .name);

def kinds: {
  "Product Viewed": "view_item", "Viewed Product": "view_item", "Product Clicked": "select_item", "Clicked Product": "select_item",
  "Product Added": "add_to_cart", "Added Product": "add_to_cart", "Product Removed": "remove_from_cart", "Removed Product": "remove_from_cart",
  "Checkout Started": "begin_checkout", "Started Checkout": "begin_checkout", "Payment Info Entered": "add_payment_info",
  "Order Completed": "completed", "Completed Order": "completed", "Order Updated": "updated", "Updated Order": "updated",
  "Order Cancelled": "cancelled", "Cancelled Order": "cancelled", "Order Refunded": "refund", "Refunded Order": "refund"};

def lines($currency): [.products[]? | objects | {sku: sku_of, quantity: (.quantity // 1), name, price} | select(.sku) | line($currency)];
# What the customer pays: revenue is without shipping and taxes. Null where it is nowhere.
def worth($currency): ((.total | known) // (.value | known) // (if (.revenue | known) == null then null else [.revenue, .shipping, .tax] | sum end)) | rounded($currency);
def of_lines($currency): [.[] | .quantity as $n | .price | times($n)] | sum | rounded($currency);

def track: kinds[.event // ""] as $kind |
  if .type != "track" or $kind == null then skip("not of the funnel") else
  (.properties // {}) as $p | ($p.currency | known) as $currency | ($p | lines($currency)) as $lines | ((.timestamp // .originalTimestamp // .receivedAt) | time) as $ts |
  (.context.campaign as $c | {source: $c.source, medium: $c.medium, campaign: $c.name, referrer: .context.page.referrer} | channel) as $channel |
  {ts: $ts, currency: $currency} +
  (if $kind | among("completed", "updated", "cancelled") then
     {type: "purchase", order: first_known($p.order_id, $p.orderId), rev: $ts, status: (if $kind == "cancelled" then "cancelled" else "paid" end),
      placed_at: (if $kind == "completed" then $ts else null end), paid_at: (if $kind == "completed" then $ts else null end), cancelled_at: (if $kind == "cancelled" then $ts else null end),
      visitor: .anonymousId, customer: (.userId | text), cart: cart_of($p), value: ($p | worth($currency)), discount: ($p.discount | rounded($currency)),
      coupons: [$p.coupon | if isarray then .[] else . end | known | text | select(.)], items: $lines, channel: $channel}
   elif $kind == "refund" then {type: $kind, id: .messageId, order: first_known($p.order_id, $p.orderId), value: (($p | worth($currency)) // ($lines | of_lines($currency))), items: $lines}
   elif $kind | among("begin_checkout", "add_payment_info") then
     {type: $kind, id: .messageId, visitor: .anonymousId, cart: cart_of($p), value: ($p | worth($currency)), items: $lines, method: $p.payment_method, channel: $channel}
   else {type: $kind, id: .messageId, visitor: .anonymousId, sku: ($p | sku_of), product: ($p.product_id | known | text), quantity: $p.quantity, price: ($p.price | rounded($currency)),
      cart: (if $kind | among("add_to_cart", "remove_from_cart") then cart_of($p) else null end), channel: $channel} end) end;
