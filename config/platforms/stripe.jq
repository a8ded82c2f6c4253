# Stripe: integer minor units; currencies without decimals are whole already.

def order_of: .client_reference_id // .metadata.order // .metadata.order_id // .payment_intent // .id;
def event: .id as $id | .created as $ts | (.livemode | not) as $test | .data.object as $o | .type as $type |
  {"checkout.session.completed": "session", "checkout.session.async_payment_succeeded": "approved", "checkout.session.async_payment_failed": "declined", "checkout.session.expired": "expired",
   "payment_intent.succeeded": "intent", "payment_intent.payment_failed": "failed", "refund.created": "refund", "refund.updated": "refund"}[$type] as $kind |
  if $kind == null then skip("not of interest")
  # a session's own intent names nobody: the session is what counts
  elif $kind == "intent" and ($o.metadata.order // $o.metadata.order_id) == null then skip("an intent that names no order (metadata.order)")
  elif $kind == "refund" then (if $o.status == "succeeded" then {type: "refund", id: $o.id, ts: ($o.created | text), order: ($o | order_of), value: ($o.amount | minor),
      currency: ($o.currency | ascii_upcase), reason: $o.reason} else skip("no money went back yet") end)
  else {type: "payment", id: $id, ts: ($ts | text), order: ($o | order_of), value: (($o.amount_total // $o.amount) | minor), currency: ($o.currency | ascii_upcase),
     method: ($o.payment_method_types[0]?), status: (if $kind == "session" then (if $o.payment_status == "unpaid" then "pending" else "approved" end) elif $kind == "failed" then "declined" elif $kind == "intent" then "approved" else $kind end)} end
  | if $test and (has("skip") | not) then . + {test: true} else . end;
