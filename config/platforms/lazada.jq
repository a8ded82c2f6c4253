# Lazada: money as text, times as "2026-04-12 23:31:00 +0800".

def order: ((.statuses // []) | map(ascii_downcase)) as $all | {
  type: "purchase", order: ((.order_id // .order_number) | text), rev: .updated_at, ts: $at, placed_at: .created_at,
  status: (if ($all | length) > 0 and ($all | all(. == "canceled")) then "cancelled" elif ($all | any(. == "unpaid")) then "placed" else "paid" end),
  cancelled_at: (if ($all | length) > 0 and ($all | all(. == "canceled")) then .updated_at else null end),
  value: ((.price | tostring | split(",") | join(""))), currency: .currency, method: (.payment_method | known), channel: {source: "lazada", medium: "marketplace"}};
