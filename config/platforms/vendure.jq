# Vendure's Admin API: money in whole numbers with as many decimals for every currency, times in RFC 3339.

def amount($currency): if . == null then null else scaled($feed.money_precision | tonumber) | rounded($currency) end;

def line_sku: first_known(.productVariant.sku, .productVariant.product.id, .productVariant.name, .id);

# A cancelled order was placed with what its lines held then; of any other a line that came to nothing was exchanged or taken out.
def placed_items: .currencyCode as $currency | (.state == "Cancelled") as $off | [.lines[]
  | (if $off and .quantity == 0 then .orderPlacedQuantity // 0 else .quantity end) as $quantity | select($quantity > 0)
  | {sku: line_sku, quantity: $quantity, name: .productVariant.name,
     price: ((if .quantity > 0 then .proratedUnitPriceWithTax else .unitPriceWithTax end) | amount($currency))}];

def order_channel: .customFields | if isobject then . else {} end | {source: .utmSource, medium: .utmMedium, campaign: .utmCampaign} | channel;

# the server's clock may be ahead of ours; a cart is never older than its last line
def seen_at: ([$at, (.lines[].createdAt)] | max);

# only what never changes: a line's quantity does, and the order's channel comes after its first line
def adds: . as $order | .lines[] | {
  type: "add_to_cart", id: id_of("line", .id), ts: .createdAt, sku: line_sku, product: (.productVariant.product.id | text),
  cart: $order.code, price: (.unitPriceWithTax | amount($order.currencyCode)), currency: $order.currencyCode};

def cart: .currencyCode as $currency | {
  type: "cart", cart: .code, rev: .updatedAt, ts: seen_at, status: (if .state == "ArrangingPayment" then "checkout" else "open" end),
  # the shipping that was chosen stays in the total of one that was emptied
  value: (if .lines == [] then 0 else .totalWithTax end | amount($currency)), $currency, customer: (.customer.id | text), channel: order_channel,
  items: [.lines[] | select(.quantity > 0)
    | {sku: line_sku, quantity, name: .productVariant.name, price: (.proratedUnitPriceWithTax | amount($currency))}]};

def settled: [.payments[]? | select(.state == "Settled")];
# A part that was held when the order was placed (a card beside a gift card) is still to come, whatever is shipped meanwhile.
def is_held: .orderPlacedAt as $placed | any(.payments[]?; .state == "Authorized" and .createdAt <= $placed) and ([settled[].amount] | add // 0) < .totalWithTax;
def order_status: if .state == "Cancelled" then "cancelled" elif .state == "PaymentAuthorized" or is_held then "placed"
  elif (settled | length) > 0 or .totalWithTax == 0 then "paid" else "placed" end;

# What is cancelled lowers the total, and its refund is an event of its own: an order is worth what was paid before it.
# Of several tries to pay what nobody paid, one says what was agreed. What a paid order was raised by counts when that is paid too.
def agreed: ([settled[].amount] | add // 0) as $paid | ([settled[].refunds[]? | select(.state != "Failed") | .total] | add // 0) as $back |
  ([.totalWithTax + $back, $paid] | min) as $held |
  if .state != "Cancelled" and order_status == "paid" and $paid > 0 then $held
  elif .state != "Cancelled" then [.totalWithTax, $held] | max
  elif $paid > 0 then $paid
  else [.totalWithTax, (.payments[]? | select(.state != "Declined" and .state != "Error") | .amount)] | max end;

# What the order was raised by later is paid after it: the order was paid with what it was placed with.
def paid_at: .orderPlacedAt as $placed | ([settled[] | select(.createdAt <= $placed) | .updatedAt] | max) // ([settled[].updatedAt] | max);

def purchase: .currencyCode as $currency | {
  type: "purchase", order: .code, cart: .code, rev: .updatedAt, ts: $at, status: order_status, placed_at: .orderPlacedAt,
  paid_at: (if order_status == "placed" then null else paid_at end), cancelled_at: (if .state == "Cancelled" then .updatedAt else null end),
  value: (agreed | amount($currency)), $currency, customer: (.customer.id | text), channel: order_channel, live: (.customFields | if isobject then .liveId else null end),
  coupons: (.couponCodes // []), method: ([.payments[]? | select(.state != "Declined" and .state != "Error") | .method] | last),
  discount: (if .state == "Cancelled" then null else [.discounts[]?.amountWithTax] | add | if . == null then null else - . | amount($currency) end end),
  items: placed_items};

# each state of a payment is a fact of its own; a payment that was authorised first is settled, or let go, at its last change; a part that is settled
# (a gift card) approves nothing while the rest is to come
def payments: . as $order | (.orderPlacedAt != null and order_status != "placed") as $whole | .payments[]? | select(.state != "Settled" or $whole)
  | {Settled: "approved", Authorized: "pending", Created: "pending", Declined: "declined", Error: "declined", Cancelled: "expired"}[.state] as $status
  | select($status) | {type: "payment", id: id_of("payment", .id, .state),
     ts: (if .state | among("Settled", "Cancelled") then .updatedAt else .createdAt end), order: $order.code, status: $status, method,
     value: (.amount | amount($order.currencyCode)), currency: $order.currencyCode};

def refunds: . as $order | .payments[]?.refunds[]? | select(.state == "Settled")
  | {type: "refund", id: id_of("refund", .id), ts: (.updatedAt // .createdAt), order: $order.code, value: (.total | amount($order.currencyCode)), currency: $order.currencyCode, reason: (.reason | known)};

def order:
  if .type == "Seller" then skip("a vendor's share of an order that counts as a whole")
  elif .orderPlacedAt then purchase, adds, payments, refunds
  elif .active then cart, adds, payments
  elif .state == "Cancelled" then cart + {status: "left"}
  else skip("neither cart nor order") end;

# What the shop sells no more at, of all locations together: it is taken off the first.
def kept_back: if .useGlobalOutOfStockThreshold then $page.data.globalSettings.outOfStockThreshold else .outOfStockThreshold end // 0;
def is_tracked: .trackInventory == null or .trackInventory == "TRUE" or (.trackInventory == "INHERIT" and $page.data.globalSettings.trackInventory != false);

def stock: if .sku | known | not then skip("a variant without a sku") elif is_tracked | not then skip("no stock is kept")
  else .sku as $sku | .priceWithTax as $price | .currencyCode as $currency | .stockLevels[0].stockLocationId as $first | kept_back as $kept | .stockLevels[]
  | {type: "inventory", ts: $at, sku: $sku, price: ($price | amount($currency)), currency: $currency, location: (.stockLocationId | text), available: (.stockOnHand - .stockAllocated - if .stockLocationId == $first then $kept else 0 end), reserved: .stockAllocated} end;
