# Mercado Livre: JSON numbers in major units, times at -04:00; several orders of one pack are one purchase each.

def order: {
  type: "purchase", order: (.id | text), cart: (.pack_id | text), rev: (.last_updated // .date_closed), ts: $at, placed_at: .date_created,
  test: (if ((.tags // []) | index("test_order")) != null then true else null end),
  paid_at: ([.payments[]? | select(.status == "approved") | .date_approved | select(.)] | min), cancelled_at: (if .status == "cancelled" then .last_updated else null end),
  status: (if .status == "cancelled" then "cancelled" elif .status == "paid" or .status == "partially_refunded" then "paid" else "placed" end),
  value: (.total_amount | major), currency: .currency_id, customer: (.buyer.id | text), channel: {source: "mercadolivre", medium: "marketplace"},
  method: ([.payments[]?.payment_method_id] | first),
  items: [.order_items[] | {sku: (.item.seller_sku // .item.id), quantity, name: .item.title, price: (.unit_price | major)}]};
