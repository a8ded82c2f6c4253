# Vendure's Admin API: money in minor units, times in RFC 3339.

def line_sku: first_known(.productVariant.sku, .productVariant.product.id, .productVariant.name, .id);

def placed_items: [.lines[] | (.orderPlacedQuantity // .quantity) as $placed
  | (if .quantity > 0 then .quantity else $placed end) as $quantity | select($quantity > 0)
  | {sku: line_sku, quantity: $quantity, name: .productVariant.name,
     price: ((if .quantity > 0 then .proratedUnitPriceWithTax else .unitPriceWithTax end) | minor)}];

def order_channel: .customFields | if isobject then . else {} end | {source: .utmSource, medium: .utmMedium, campaign: .utmCampaign} | channel;

# the server's clock may be ahead of ours; a cart is never older than its last line
def seen_at: ([$at, (.lines[].createdAt)] | max);

# only what never changes: a line's quantity does, and the order's channel comes after its first line
def adds: . as $order | .lines[] | {
  type: "add_to_cart", id: id_of("line", .id), ts: .createdAt, sku: line_sku, product: (.productVariant.product.id | text),
  cart: $order.code, price: (.unitPriceWithTax | minor), currency: $order.currencyCode};

def cart: {
  type: "cart", cart: .code, rev: .updatedAt, ts: seen_at, status: (if .state == "ArrangingPayment" then "checkout" else "open" end),
  value: (.totalWithTax | minor), currency: .currencyCode, customer: (.customer.id | text), channel: order_channel,
  items: [.lines[] | select(.quantity > 0)
    | {sku: line_sku, quantity, name: .productVariant.name, price: (.proratedUnitPriceWithTax | minor)}]};

def settled: [.payments[]? | select(.state == "Settled")];
# What is cancelled lowers the total, and its refund is an event of its own: an order is worth what was paid before it.
# Of several tries to pay what nobody paid, one says what was agreed.
def agreed: ([settled[].amount] | add // 0) as $paid | ([settled[].refunds[]? | select(.state == "Settled") | .total] | add // 0) as $back |
  if .state != "Cancelled" then [.totalWithTax, ([.totalWithTax + $back, $paid] | min)] | max
  elif $paid > 0 then $paid
  else [.totalWithTax, (.payments[]? | select(.state != "Declined" and .state != "Error") | .amount)] | max end;

def order_status: if .state == "Cancelled" then "cancelled" elif .state == "PaymentAuthorized" then "placed"
  elif (settled | length) > 0 or .totalWithTax == 0 then "paid" else "placed" end;

def purchase: {
  type: "purchase", order: .code, cart: .code, rev: .updatedAt, ts: $at, status: order_status, placed_at: .orderPlacedAt,
  paid_at: ([settled[] | .updatedAt] | max), cancelled_at: (if .state == "Cancelled" then .updatedAt else null end),
  value: (agreed | minor), currency: .currencyCode, customer: (.customer.id | text), channel: order_channel, live: (.customFields | if isobject then .liveId else null end),
  coupons: (.couponCodes // []), method: ([.payments[]? | select(.state != "Declined" and .state != "Error") | .method] | last),
  discount: (if .state == "Cancelled" then null else [.discounts[]?.amountWithTax] | add | if . == null then null else - . | minor end end),
  items: placed_items};

# each state of a payment is a fact of its own; a payment that was authorised first is settled at its last change
def payments: . as $order | .payments[]?
  | {Settled: "approved", Authorized: "pending", Created: "pending", Declined: "declined", Error: "declined", Cancelled: "expired"}[.state] as $status
  | select($status) | {type: "payment", id: id_of("payment", .id, .state),
     ts: (if .state == "Settled" then .updatedAt else .createdAt end), order: $order.code, status: $status, method,
     value: (.amount | minor), currency: $order.currencyCode};

def refunds: . as $order | .payments[]?.refunds[]? | select(.state == "Settled")
  | {type: "refund", id: id_of("refund", .id), ts: .createdAt, order: $order.code, value: (.total | minor), currency: $order.currencyCode, reason: (.reason | known)};

def order:
  if .orderPlacedAt then purchase, adds, payments, refunds
  elif .active and (.lines | length) > 0 then cart, adds, payments
  elif .active then skip("an empty cart")
  elif .state == "Cancelled" then cart + {status: "left"}
  else skip("neither cart nor order") end;

def stock: if .sku | known | not then skip("a variant without a sku") else .sku as $sku | .priceWithTax as $price | .currencyCode as $currency | .stockLevels[]
  | {type: "inventory", ts: $at, sku: $sku, price: ($price | minor), currency: $currency, location: (.stockLocationId | text), available: (.stockOnHand - .stockAllocated), reserved: .stockAllocated} end;
