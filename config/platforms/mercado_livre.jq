# Mercado Livre: JSON numbers in major units, times at -04:00; several orders of one pack are one purchase each.

def is_paid: .status == "paid" or .status == "partially_refunded" or .status == "pending_cancel";
def is_off: .status == "cancelled" or .status == "invalid";
# With shipping and without coupons; nothing where nobody paid yet, or all of it went back.
def paid_amount: if (is_paid or is_off) and (.paid_amount | some_money) then .paid_amount else .total_amount // .paid_amount end;

def order: .currency_id as $currency | (.id | text) as $order | {
  type: "purchase", $order, cart: (.pack_id | text), rev: (.last_updated // .date_closed), ts: $at, placed_at: .date_created,
  test: (if ((.tags // []) | index("test_order")) != null then true else null end),
  # a payment that went back was approved once
  paid_at: (if is_paid or is_off then [.payments[]?.date_approved | select(.)] | min else null end), cancelled_at: (if is_off then .last_updated else null end),
  status: (if is_off then "cancelled" elif is_paid then "paid" else "placed" end),
  value: (paid_amount | rounded($currency)), $currency, customer: (.buyer.id | text), channel: {source: "mercadolivre", medium: "marketplace"},
  method: ([.payments[]?.payment_method_id] | first),
  items: [.order_items[]? | {sku: first_known(.item.seller_sku, .item.seller_custom_field, .item.id, .item.title), quantity, name: .item.title, price: .unit_price} | line($currency)]},
  # what went back of a payment in all: a later part of it is told as a sum, which the order's own payment bounds
  (.payments[]? | select(.transaction_amount_refunded | some_money) | (.transaction_amount_refunded | rounded($currency)) as $value
    | {type: "refund", id: id_of("refund", .id, $value), ts: (.date_last_modified // .date_approved // .date_created), $order, $value, $currency});
