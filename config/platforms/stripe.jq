# Stripe: integer minor units; currencies without decimals are whole already.

# the shop's order where the object names it
def named: [.client_reference_id, .metadata.order, .metadata.order_id | known | text | select(.)] | .[0];
def order_of: named // .payment_intent // .charge // .id;

# in hundredths although they have none, and the other way round
def amount($currency): if . == null then null elif $currency | among("ISK", "UGX") then scaled(2) elif $currency == "MGA" then text else minor end;

# how it was paid; of several ways that are offered nobody knows
def method: (.charges.data[0]? // .latest_charge | objects | .payment_method_details.type) // .last_payment_error.payment_method.type? //
  (.payment_method_types | if isarray and length == 1 then .[0] else null end);

# money that went back, by its own id
def returned($order): . as $all | {type: "refund", id, ts, order: $order, value: (.amount | tonumber | amount($all.currency)), currency, reason: (.reason | known)};

# a payment intent knows its session, and the session or the intent its order
def returned_of: (.data[0] // {}) as $session | ($session | named) // ($session.payment_intent | objects | named) // $feed["expand.intent"] |
  . as $order | {id: $feed["expand.id"], ts: $feed["expand.ts"], amount: $feed["expand.amount"], currency: $feed["expand.currency"], reason: $feed["expand.reason"]} | returned($order);

def statuses: {
  "checkout.session.completed": "approved", "checkout.session.async_payment_succeeded": "approved", "checkout.session.async_payment_failed": "declined",
  "checkout.session.expired": "expired", "payment_intent.succeeded": "approved", "payment_intent.payment_failed": "declined",
  "payment_intent.canceled": "expired", "payment_intent.processing": "pending", "payment_intent.requires_action": "pending"};

def expiry: if .next_action then [.next_action[]? | objects | (.expires_at // .expires_after) | select(.)] | .[0] | time else null end;

def event: .id as $id | .created as $ts | .type as $type | (.livemode == false) as $test | (.data.object // {}) as $o | ($o.currency // "" | ascii_upcase) as $currency |
  if $type | among("refund.created", "refund.updated", "charge.dispute.funds_withdrawn") then
    ($o | {id, ts: (if $type == "charge.dispute.funds_withdrawn" then $ts else .created end | text), amount, currency: $currency, reason: (.reason // "")}) as $back |
    if ($type | startswith("refund")) and $o.status != "succeeded" then skip("no money went back yet")
    elif ($o | named) == null and $o.payment_intent != null and ($test | not) then expand($back + {intent: $o.payment_intent})
    else $back | returned($o | order_of) end
  elif statuses[$type] == null then skip("not of interest")
  elif $o.mode == "setup" then skip("a session that only keeps a card")
  # a session's own intent names nobody: the session is what counts
  elif ($type | startswith("payment_intent.")) and ($o | named) == null then skip("an intent that names no order (metadata.order)")
  else {type: "payment", id: $id, ts: ($ts | text), order: ($o | order_of), currency: $currency, method: ($o | method),
     value: (if $type == "payment_intent.succeeded" then $o.amount_received // $o.amount else $o.amount_total // $o.amount end | amount($currency)),
     status: (if $type == "checkout.session.completed" and $o.payment_status == "unpaid" then "pending" else statuses[$type] end), expires_at: ($o | expiry)} end
  | if $test and .type != null then . + {test: true} else . end;
