# Segment's ecommerce spec: JSON numbers in major units.

def lines: [(.products // [.])[] | select(.sku or .product_id) | {sku: (.sku // .product_id | text), quantity: (.quantity // 1), name, price: (.price | major)}];
def track: {"Product Viewed": "view_item", "Product Clicked": "select_item", "Product Added": "add_to_cart", "Product Removed": "remove_from_cart", "Checkout Started": "begin_checkout",
   "Payment Info Entered": "add_payment_info", "Order Completed": "purchase", "Completed Order": "purchase", "Order Updated": "purchase", "Order Refunded": "refund", "Order Cancelled": "cancelled"}[.event] as $type |
  if .type != "track" or $type == null then skip("not of the funnel") else
  .properties as $p | .context.campaign as $c |
  {ts: .timestamp, currency: $p.currency} +
  (if $type == "purchase" or $type == "cancelled" then
     {type: "purchase", order: ($p.order_id | text), rev: .timestamp, ts: $at, placed_at: .timestamp, status: (if $type == "cancelled" then "cancelled" else "paid" end), visitor: .anonymousId, customer: .userId,
      cart: (($p.cart_id // $p.checkout_id) | text), value: (($p.total // $p.revenue // $p.value) | major), discount: ($p.discount | major), coupons: [$p.coupon | select(.)], items: ($p | lines),
      channel: ({source: $c.source, medium: $c.medium, campaign: $c.name, referrer: .context.page.referrer} | channel)}
   elif $type == "refund" then {type: "refund", id: .messageId, order: ($p.order_id | text), value: (($p.total // $p.revenue // $p.value) | major), items: ($p | lines)}
   elif $type == "begin_checkout" or $type == "add_payment_info" then
     {type: $type, id: .messageId, visitor: .anonymousId, cart: (($p.cart_id // $p.checkout_id // $p.order_id // .anonymousId) | text), value: (($p.total // $p.revenue // $p.value) | major), items: ($p | lines),
      method: $p.payment_method, channel: ({source: $c.source, medium: $c.medium, campaign: $c.name, referrer: .context.page.referrer} | channel)}
   else {type: $type, id: .messageId, visitor: .anonymousId, sku: (($p.sku // $p.product_id) | text), product: ($p.product_id | text), quantity: $p.quantity, price: ($p.price | major),
      cart: ($p.cart_id | text), channel: ({source: $c.source, medium: $c.medium, campaign: $c.name, referrer: .context.page.referrer} | channel)} end) end;
