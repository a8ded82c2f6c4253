# Mercado Livre: JSON numbers in major units, times at -04:00; several orders of one pack are one purchase each.

def is_paid: .status == "paid" or .status == "partially_refunded" or .status == "pending_cancel";
def is_off: .status == "cancelled" or .status == "invalid";
# Payments that were approved once, also those that went back since.
def approved: [.payments[]? | select(.date_approved)];
def awaited: [.payments[]? | select(.date_approved or (.status | among("pending", "in_process", "authorized")))];
# With shipping and without coupons, as "paid_amount" is; interest on instalments is between the customer and the bank.
def brought(payments): [payments[] | .transaction_amount, .shipping_cost, (.coupon_amount | times(-1))] | sum;
# Nobody has paid yet: payments that wait for all of it tell the shipping too, which "total_amount" does not. A second try at one is no second payment.
def due: .currency_id as $currency | if ([awaited[].transaction_amount] | sum | rounded($currency)) == (.total_amount | rounded($currency))
  then brought(awaited) else .total_amount // .paid_amount end;
# "paid_amount" is nothing where nobody paid yet, or all of it went back: then its payments still tell what was paid.
def paid_amount: if (is_paid or is_off) and (.paid_amount | some_money) then .paid_amount
  elif is_off then (brought(approved) | some_money) // .total_amount else due end;

# What went back of a payment so far: a bank that took it back for good leaves no refunded amount.
def returned: if .status == "charged_back" and .status_detail == "settled" then brought([.]) else .transaction_amount_refunded end;

# What went back of one payment is told beside the order: with it belongs what that payment brought.
def worth: paid_amount as $paid | if any(approved[]; returned | some_money) then [$paid, brought(approved) | select(.)] | max_by(tonumber) else $paid end;

def order: .currency_id as $currency | (.id | text) as $order | {
  type: "purchase", $order, cart: (.pack_id | text), rev: (.last_updated // .date_last_updated // .date_closed), ts: $at, placed_at: .date_created,
  test: (if ((.tags // []) | index("test_order")) != null then true else null end),
  # paid is what all its payments have paid, not the first
  paid_at: (if is_paid or is_off then ([approved[].date_approved] | max) // (if is_paid then .date_closed else null end) else null end), cancelled_at: (if is_off then .cancel_detail.date // .last_updated else null end),
  status: (if is_off then "cancelled" elif is_paid then "paid" else "placed" end),
  value: (worth | rounded($currency)), $currency, customer: (.buyer.id | text),
  discount: (((.coupon.amount | some_money) // ([.payments[]?.coupon_amount] | max) // .coupon.amount) | rounded($currency)), channel: {source: "mercadolivre", medium: "marketplace"},
  # payments are listed as they were tried, the refused ones too
  method: ([(approved, awaited, .payments)[]?.payment_method_id | values] | first),
  items: [.order_items[]? | {sku: first_known(.item.seller_sku, .item.seller_custom_field, .item.id, .item.title), quantity, name: .item.title, price: .unit_price} | line($currency)]},
  # a running total
  (.payments[]? | select(returned | some_money) | (returned | rounded($currency)) as $value
    | (.date_last_modified // .date_approved // .date_created) as $ts
    | {type: "refund", id: id_of("refund", .id, $value, $ts), $ts, $order, $value, $currency, payment: (.id | text), total: true});
