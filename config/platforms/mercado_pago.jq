# Mercado Pago: JSON numbers in major units, times at -04:00, refunds as a cumulative amount and a list.

def payment: .live_mode as $live | ((.external_reference | known) // (.order.id | text) // (.id | text)) as $order |
  ({approved: "approved", refunded: "approved", charged_back: "approved", in_mediation: "approved", pending: "pending", in_process: "pending", authorized: "pending", rejected: "declined", cancelled: "expired"}[.status]) as $status |
  if $status == null then empty else
  ({type: "payment", id: "mp-\(.id)-\($status)", ts: (if $status == "approved" then .date_approved // .date_last_updated else .date_created end), order: $order, status: $status, method: .payment_method_id,
    value: (.transaction_amount | major), currency: .currency_id, expires_at: (if $status == "pending" then .date_of_expiration else null end)},
   (.currency_id as $currency | .refunds[]? | select((.status // "approved") == "approved") | {type: "refund", id: "mp-refund-\(.id)", ts: .date_created, order: $order, value: (.amount | major), currency: $currency}))
  | if $live == false then . + {test: true} else . end end;
