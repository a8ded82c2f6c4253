# Stripe: integer minor units; currencies without decimals are whole already.

# the shop's order where the object names it, as Vendure's and Magento's own plugins do too
def named: first_known(.client_reference_id, .metadata.order, .metadata.order_id, .metadata.orderCode, .metadata["Order #"]?);
def order_of: named // .payment_intent // .charge // .id;
# the money's own id: a session, its intent and its charge are one payment; a subscription's session knows its invoice alone
def payment: if .object == "payment_intent" then .id elif .object == "checkout.session" then .payment_intent // .invoice // .id else .payment_intent // .charge // .id end | text;

# in hundredths although they have none, and the other way round
def amount($currency): if . == null then null elif $currency | among("ISK", "UGX") then scaled(2) elif $currency == "MGA" then text else minor end;

# how it was paid; of several ways that are offered nobody knows
def method: .payment_method_details.type? // (.charges.data[0]? // .latest_charge | objects | .payment_method_details.type) // .last_payment_error.payment_method.type? //
  (.payment_method_types | if isarray and length == 1 then .[0] else null end);

# money that went back, by its own id; as a running total where its charge tells it. What names no order belongs to that of its payment.
def returned($order; $payment): . as $all | {type: "refund", id, ts, order: ($order // $payment), value: (.amount | tonumber | amount($all.currency)), currency, reason: (.reason | known),
  payment: ((.payment | known) // if $order then null else $payment end), total: (if .total == "yes" then true else null end)};

# what was looked for by its intent: a payment intent knows its session, and the session or the intent its order; the intent of a
# subscription has no session, it knows the invoice that the session does
def noted: ["id", "ts", "amount", "currency", "reason", "payment", "total", "method"] | map({(.): $feed["expand.\(.)"]}) | add;
def found: (.data[0] // {}) as $session | ([., $session, ($session.payment_intent | objects) | named | select(.)] | .[0]) as $order | $feed["expand.intent"] as $intent |
  if .object == "payment_intent" and .status == "canceled" and (.amount_received // 0) == 0 then skip("what was not captured was released")
  elif .object == "payment_intent" then (.invoice | known) as $invoice | noted | .payment = ($invoice // .payment) | returned($order; $invoice // $intent)
  elif $feed["expand.what"] != "payment" and any($session.payment_intent | objects; .status == "canceled" and (.amount_received // 0) == 0) then skip("what was not captured was released")
  elif $feed["expand.what"] != "payment" and $session == {} then expand(noted + {$intent} | compact)
  elif $feed["expand.what"] != "payment" then noted | returned($order; $intent)
  elif $session == {} then skip("an intent that names no order (metadata.order)")
  else noted | . as $all | {type: "payment", id, ts, order: ($order // $all.payment), status: "approved", currency, method: (.method | known), payment,
    value: (.amount | tonumber | amount($all.currency))} end;

def statuses: {
  "checkout.session.completed": "approved", "checkout.session.async_payment_succeeded": "approved", "checkout.session.async_payment_failed": "declined",
  "checkout.session.expired": "expired", "payment_intent.succeeded": "approved", "payment_intent.payment_failed": "declined",
  "payment_intent.canceled": "expired", "payment_intent.processing": "pending", "payment_intent.requires_action": "pending",
  "charge.succeeded": "approved", "charge.captured": "approved", "charge.failed": "declined"};

def expiry: if .next_action then [.next_action[]? | objects | (.expires_at // .expires_after) | select(.)] | .[0] | time else null end;

# What went back of a charge; what was authorised and never captured is told as if it had.
def gone_back: .amount_refunded - ([.amount - (.amount_captured // .amount), 0] | max);

# A session before API version 2025-03-31 that was shown in the buyer's currency tells the shop's beside it.
def local: if .currency_conversion | isobject then . + (.currency_conversion | {currency: .source_currency, amount_total}) else . end;

def event: .id as $id | .created as $ts | .type as $type | (.livemode == false) as $test | (.data.object // {} | local) as $o | ($o.currency // "" | ascii_upcase) as $currency |
  if $type | among("refund.created", "refund.updated", "charge.refunded", "charge.dispute.funds_withdrawn") then
    ($o | {id, ts: (if $type | startswith("charge.") then $ts else .created end | text), amount, currency: $currency, reason: (.reason // ""),
      # what a bank takes back is no refund of the shop's: the charge's total does not hold it
      payment: (if $type == "charge.dispute.funds_withdrawn" then "" else payment end), total: ""}
      # older accounts and endpoints tell refunds of cards by their charge alone
      | if $type == "charge.refunded" then . + {id: id_of(.id, $o.amount_refunded), amount: ($o | gone_back), total: "yes"} else . end) as $back |
    if $type == "charge.refunded" and $back.amount <= 0 then skip("what was not captured was released")
    elif ($type | startswith("refund")) and $o.status != "succeeded" then skip("no money went back yet")
    elif ($o | named) == null and $o.payment_intent != null and ($test | not) then expand($back + {intent: $o.payment_intent})
    else $back | returned($o | named; $o | payment) end
  # it may have been told to have gone back before; so was what a bank gives back of a dispute that was won
  elif $type | among("refund.failed", "charge.dispute.funds_reinstated") then
    {type: "correction", id: $id, ts: ($ts | text), kind: "void", target: $o.id, reason: ((if $type == "refund.failed" then $o.failure_reason else $o.status end) | known)}
  elif statuses[$type] == null then skip("not of interest")
  elif ($type | startswith("charge.")) and ($o.payment_intent != null or $o.invoice != null or ($o | named) == null) then
    skip("a charge of an intent, or one that names no order (metadata.order)")
  elif $o.mode == "setup" then skip("a session that only keeps a card")
  # a session whose money is captured later is paid by its intent
  elif $type == "payment_intent.succeeded" and ($o | named) == null and $o.capture_method == "manual" and ($test | not) then
    expand({what: "payment", $id, ts: ($ts | text), amount: ($o.amount_received // $o.amount), currency: $currency, payment: $o.id, method: ($o | method // ""), intent: $o.id})
  # a session's own intent names nobody: the session is what counts
  elif ($type | startswith("payment_intent.")) and ($o | named) == null then skip("an intent that names no order (metadata.order)")
  else {type: "payment", id: $id, ts: ($ts | text), order: ($o | order_of), currency: $currency, method: ($o | method), payment: ($o | payment),
     value: (if $type == "payment_intent.succeeded" then $o.amount_received // $o.amount elif $type == "charge.captured" then $o.amount_captured // $o.amount
       else $o.amount_total // $o.amount end | amount($currency)),
     status: (if ($type == "checkout.session.completed" and $o.payment_status == "unpaid") or ($type == "charge.succeeded" and $o.captured == false) then "pending"
       else statuses[$type] end), expires_at: ($o | expiry)} end
  | if $test and .type != null then . + {test: true} else . end;
