# Saleor: JSON numbers in major units, metadata as pairs.

def payment_events: .transactions[]?.events[]?;
# A refund makes isPaid false again, and lowers what was charged.
def is_paid: .isPaid == true or .chargeStatus == "FULL" or .chargeStatus == "OVERCHARGED"
  or (.total.gross.amount > 0 and ((.totalCharged.amount // 0) + (.totalRefunded.amount // 0) >= .total.gross.amount));

# What went back: by the payment's own events where they are told, else what was granted and given.
def refunds: [payment_events | select(.type == "REFUND_SUCCESS")] as $events |
  if $events != [] then $events[] else .grantedRefunds[]? | select(.status == null or .status == "SUCCESS") end;

def order: if .status == "DRAFT" then skip("a draft") else .id as $order | .total.gross.currency as $currency | ([.metadata[]? | {(.key): .value}] | add // {}) as $meta |
  {type: "purchase", order: .id, cart: (.checkoutId | known), rev: .updatedAt, ts: $at, placed_at: .created,
   status: (if .status == "CANCELED" or .status == "EXPIRED" then "cancelled" elif is_paid then "paid" else "placed" end), cancelled_at: (if .status == "CANCELED" then .updatedAt else null end),
   # when it was paid is not always told, but that it was must not be forgotten with a cancelled order
   paid_at: (if is_paid then ([payment_events | select(.type == "CHARGE_SUCCESS") | .createdAt] | min) // (if .status == "CANCELED" then .created else null end) else null end),
   value: (.total.gross.amount | rounded($currency)), currency: $currency, customer: .user.id, coupons: [.voucherCode | select(.)],
   channel: ({source: $meta.utm_source, medium: $meta.utm_medium, campaign: $meta.utm_campaign} | channel), live: $meta.live,
   items: [.lines[]? | {sku: first_known(.productSku, .productVariantId, .productName, .id), quantity, name: .productName, price: .unitPrice.gross.amount} | line($currency)]},
  (refunds | {type: "refund", id: .id, ts: .createdAt, order: $order, value: (.amount.amount | rounded($currency)), currency: $currency}) end;

def stock: if (.sku | known) then .sku as $sku | .stocks[]? | {type: "inventory", ts: $at, sku: $sku, location: .warehouse.id, available: (.quantity - .quantityAllocated), reserved: .quantityAllocated}
  else skip("a variant without a sku") end;
