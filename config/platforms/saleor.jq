# Saleor: JSON numbers in major units, metadata as pairs.

def order: .id as $order | .total.gross.currency as $currency | ([.metadata[]? | {(.key): .value}] | add // {}) as $meta |
  {type: "purchase", order: .id, cart: (.checkoutId | known), rev: .updatedAt, ts: $at, placed_at: .created,
   status: (if .status == "CANCELED" or .status == "EXPIRED" then "cancelled" elif .isPaid then "paid" else "placed" end), cancelled_at: (if .status == "CANCELED" then .updatedAt else null end),
   value: (.total.gross.amount | major), currency: $currency, customer: .user.id, coupons: [.voucherCode | select(.)],
   channel: ({source: $meta.utm_source, medium: $meta.utm_medium, campaign: $meta.utm_campaign} | channel), live: $meta.live,
   items: [.lines[]? | {sku: ((.productSku | known) // .productVariantId // .productName), quantity, name: .productName, price: (.unitPrice.gross.amount | major)}]},
  (.grantedRefunds[]? | {type: "refund", id: .id, ts: .createdAt, order: $order, value: (.amount.amount | major), currency: $currency});

def stock: if (.sku | known) then .sku as $sku | .stocks[]? | {type: "inventory", ts: $at, sku: $sku, location: .warehouse.id, available: (.quantity - .quantityAllocated), reserved: .quantityAllocated}
  else skip("a variant without a sku") end;
