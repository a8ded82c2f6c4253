# Shopee: JSON numbers in major units, seconds since 1970.

def order: {
  type: "purchase", order: .order_sn, rev: (.update_time | text), ts: $at, placed_at: (.create_time | time), paid_at: (.pay_time | time),
  status: (if .order_status == "CANCELLED" then "cancelled" elif (.pay_time | time) then "paid" else "placed" end),
  cancelled_at: (if .order_status == "CANCELLED" then .update_time | time else null end),
  value: (.total_amount | major), currency, customer: (.buyer_user_id | text), method: (.payment_method | known), channel: {source: "shopee", medium: "marketplace"},
  items: [.item_list[]? | (.model_quantity_purchased - (.cancelled_qty // 0)) as $left | {
    sku: (.model_sku | known) // (.item_sku | known) // (.item_id | text), quantity: (if $left > 0 then $left else .model_quantity_purchased end),
    name: .item_name, price: (.model_discounted_price | major)}]};

def room: {type: "audience", ts: $at, viewers: .ccu, engaged: .engage_ccu_1m},
  (.views | total("views_pv")), (.likes | total("likes")), (.comments | total("chat_messages")), (.shares | total("shares")), (.atc | total("adds")),
  (.orders | total("orders_placed")), (.peak_ccu | gauge("pcu"));

def product: (.item.item_id | text) as $sku |
  ((.metric.item_clicks | total("clicks")), (.metric.atc | total("adds")), (.metric.sold_items | total("units"))) | . + {sku: $sku};

def pinned: if .has_show_item then (.item.item_id | text) as $sku | {type: "product_pinned", id: "pin-\($sku)-\($at)", ts: $at, sku: $sku} else skip("nothing is pinned") end;

def comment: {type: "chat_message", id: "comment-\(.comment_id)", ts: (.timestamp | time), author: (.user_id | text), text: .content};
