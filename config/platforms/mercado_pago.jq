# Mercado Pago: JSON numbers in major units, times at -04:00, refunds as a cumulative amount and a list.

# a webhook's notice, or the older form {resource, topic}, whose resource may be an address
def notice: (.data.id // (.resource | if . == null then null else tostring | split("/") | .[-1] end) | text) as $id |
  if (.type // .topic) == "payment" and $id != null and ($id | test("^[0-9]+$")) then expand({id: $id}) else skip("not a payment") end;

# A search tells what the account pays, too.
def is_bought: ($feed.user | known) as $own | (.collector_id // .collector.id | text) as $seller | $own != null and $seller != null and $seller != $own;

def status: {approved: "approved", refunded: "approved", charged_back: "approved", in_mediation: "approved", pending: "pending", in_process: "pending",
  authorized: "pending", rejected: "declined", cancelled: "expired"}[.];

# what the customer pays; interest on instalments is between the customer and the bank
def value: [.transaction_amount, .shipping_amount, (.coupon_amount | if . == null or . == 0 then null else "-\(.)" end)] | sum;

# listed one by one; a running total where a search tells no list; what a bank took back for good of the rest
def returned($currency):
  [.refunds[]? | select((.status // "approved") == "approved")] as $list | (.id | text) as $payment |
  ($list[] | {id: id_of("mp-refund", .id), ts: .date_created, value: (.amount | rounded($currency)), $payment}),
  (select((.status == "refunded" or .status == "approved") and $list == [] and (.transaction_amount_refunded | some_money)) |
    (.transaction_amount_refunded | rounded($currency)) as $value |
    {id: id_of("mp-refund-of", .id, $value, .date_last_updated), ts: .date_last_updated, $value, $payment, total: true}),
  (select(.status == "charged_back" and .status_detail == "settled") |
    ([value, ($list[].amount | times(-1))] | sum | rounded($currency) | no_deduction | some_money) as $value | select($value) |
    {id: id_of("mp-chargeback", .id), ts: .date_last_updated, $value, $payment, reason: "chargeback"});

def payment: .live_mode as $live | .currency_id as $currency | ((.external_reference | known) // (.order.id | text) // (.id | text)) as $order | (.status | status) as $status |
  if .operation_type | among("account_fund", "money_transfer", "money_exchange", "investment", "partition_transfer") then skip("money of the account's own, nobody's order")
  elif is_bought then skip("the account is the buyer")
  elif $status == null then empty else
  ({type: "payment", id: id_of("mp", .id, $status), order: $order, status: $status, method: .payment_method_id, value: (value | rounded($currency)), currency: $currency, payment: (.id | text),
    ts: (if $status == "approved" then .date_approved elif $status == "pending" then .date_created else null end // .date_last_updated // .date_created),
    expires_at: (if $status == "pending" then .date_of_expiration else null end)},
   (returned($currency) | . + {type: "refund", order: $order, currency: $currency}))
  | if $live == false then . + {test: true} else . end end;
