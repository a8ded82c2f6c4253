# Bambuser: highlights of products by webhook, which name products by the show's own ids.

# from the list of the show's products: its id to the merchant's reference
def products: [if isarray then .[] else (.results // .products // [])[]? end | objects | select(.id != null) |
  {(.id | text): ((.productReference // .reference // .sku) | known | text // empty)}] | add // {};

def reference: if isobject then (.productReference // .reference // .id) | text else text | $join[.]? // . end;

def highlight: . as $all | .payload as $shown | [$shown.products[]? | reference | known // empty] as $skus |
  if (.collection // "" | contains("highlight") | not) then skip("not a highlight")
  elif $feed.show != null and $shown.showId != null and ($shown.showId | text) != $feed.show then skip("another show's highlight")
  elif $skus == [] then skip("a highlight of no product")
  else
    # what changes later is on the air since then; an end that is known already: the product went off the air then
    ((.action == "remove") or $shown.endAt != null) as $over |
    range($skus | length) |
    {type: (if $over then "product_unpinned" else "product_pinned" end), id: (if . == 0 then $all.eventId else id_of($all.eventId, . + 1) end),
     ts: (if $over then $shown.endAt elif $all.action == "update" then null else $shown.startAt end // $all.timestamp), sku: $skus[.]}
  end;

def said: .message // .text // .body;
def is_hidden: .deleted == true or .deletedAt != null or .hidden == true or ((.status // .chatStatus) | among("deleted", "hidden", "rejected", "pending", "unpublished"));
def kind: if .isModerator or .role == "moderator" then "moderator" elif .isHost or .role == "host" then "host"
  elif .isAdmin or (.role | among("admin", "staff")) then "staff" else "viewer" end;

def message: if is_hidden or (said | known) == null then skip("a message that is not shown, or says nothing") else
  {type: "chat_message", id: (.id | text), ts: (.createdAt // .timestamp), text: said, author_kind: kind,
   author: (.user.id // .userId // .authorId // (.author | if isobject then .id // .name // .displayName else . end) // .username // .user.name // .authorName // .name // "unknown" | text),
   reply_to: (.replyTo | if isobject then .id else . end | text)} end;

def stats: (if .data | isobject then .data else . end) | (.currentViewers | gauge("ccu")), (.uniqueViewers | total("viewers_uv")), (.views | total("views_pv")), (.likes | total("likes")), (.chatMessages | total("chat_messages")) ;
