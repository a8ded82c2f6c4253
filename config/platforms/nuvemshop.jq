# Nuvemshop: money as text, times with +0000, quantities as text.

def order: {
  type: "purchase", order: (.id | text), rev: .updated_at, ts: $at, placed_at: .created_at, paid_at: .paid_at, cancelled_at: .cancelled_at,
  status: (if .status == "cancelled" then "cancelled" elif .payment_status == "paid" or .payment_status == "refunded" or .payment_status == "partially_refunded" then "paid" else "placed" end),
  value: .total, currency, customer: (.customer.id | text), coupons: [.coupon[]?.code], discount: (.discount | known), method: .gateway,
  channel: channel(.landing_url; null),
  items: [.products[] | {sku: ((.sku | known) // (.variant_id | text)), quantity: (.quantity | tonumber), name, price}]};
