# Bambuser: highlights of products by webhook.

def highlight: if (.collection | contains("highlight")) then . as $all | .payload.products[0] as $sku |
  {type: (if .action == "remove" then "product_unpinned" else "product_pinned" end), id: .eventId, ts: (.payload.startAt // .timestamp), sku: ($sku | text)} else skip("not a highlight") end;

def message: {type: "chat_message", id: (.id | text), ts: (.createdAt // .timestamp), author: (.user.id // .userId // .username // "unknown" | text), text: (.message // .text // ""),
  author_kind: (if .isModerator then "moderator" elif .isHost then "host" else "viewer" end)};

def stats: (.currentViewers | gauge("ccu")), (.uniqueViewers | total("viewers_uv")), (.likes | total("likes")), (.chatMessages | total("chat_messages")) ;
