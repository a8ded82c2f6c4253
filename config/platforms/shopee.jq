# Shopee: JSON numbers in major units, seconds since 1970.

# 0 is nobody who is known.
# What a piece costs: of a bundle Shopee says 0, and what the pieces cost without it is the nearest.
def each: (if .promotion_type == "bundle_deal" then .model_discounted_price | some_money else .model_discounted_price end) // .model_original_price;
def person: if . == 0 or . == "0" then null else text end;

# "total_amount" comes with the payment only. Before, an order is worth its lines: what of the freight is the buyer's own is told nowhere.
def worth($paid): if $paid or (.total_amount | some_money) then .total_amount else
  [.item_list[]? | .model_quantity_purchased as $n | each | times($n)] | if any(. == null) then null else sum end end;

# What is paid at the door is paid when the buyer has it.
def paid: (.pay_time | time) // if .cod == true and .order_status == "COMPLETED" then .update_time | time else null end;

def order: .currency as $currency | (.order_status == "CANCELLED") as $off | {
  type: "purchase", order: .order_sn, rev: (.update_time | text), ts: $at, placed_at: (.create_time | time), paid_at: paid,
  status: (if $off then "cancelled" elif paid then "paid" else "placed" end),
  cancelled_at: (if $off then .update_time | time else null end),
  value: (worth(.pay_time | time) | rounded($currency)), $currency, customer: (.buyer_user_id | person), method: (.payment_method | known), channel: {source: "shopee", medium: "marketplace"},
  items: [.item_list[]? | (if $off then .model_quantity_purchased else .model_quantity_purchased - (.cancelled_qty // 0) end) as $left | select($left > 0)
    | {sku: first_known(.model_sku, .item_sku, .item_id, .item_name), quantity: $left, name: .item_name, price: each} | line($currency)]};

def room: if . == {} then skip("the session tells nothing yet") else (.engage_ccu_1m as $engaged | .ccu | values | {type: "audience", ts: $at, viewers: ., engaged: $engaged}),
  (.views | total("views_pv")), (.likes | total("likes")), (.comments | total("chat_messages")), (.shares | total("shares")), (.atc | total("adds")),
  (.orders | total("orders_placed")), (.peak_ccu | gauge("pcu")) end;

def product: (.item.item_id | text) as $sku |
  ((.metric.item_clicks | total("clicks")), (.metric.atc | total("adds")), (.metric.sold_items | total("units"))) | . + {sku: $sku};

# What is so now: told again it is no news, and without a product nothing is pinned.
def pinned: if .has_show_item then (.item.item_id | text) as $sku | {type: "product_pinned", id: id_of("pin", $sku, $at), ts: $at, sku: $sku}
  else {type: "product_unpinned", id: "pin-none-\($at)", ts: $at} end;

def comment: {type: "chat_message", id: id_of("comment", .comment_id), ts: (.timestamp | time), author: ((.user_id | person) // id_of("nobody", .comment_id)), text: .content,
  author_kind: (if (.user_id | text) == $feed.user_id then "host" else null end)};
