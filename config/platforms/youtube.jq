# YouTube: counters as text, messages by id.

def author: .snippet.authorChannelId // .authorDetails.channelId // "unknown";
def message($text): {type: "chat_message", id: id_of("yt", .id), ts: .snippet.publishedAt, author: author, text: $text,
  author_kind: (if .authorDetails.isChatOwner then "host" elif .authorDetails.isChatModerator then "moderator" else "viewer" end)};
def gift: {type: "reaction", kind: "gift", id: id_of("yt", .id), ts: .snippet.publishedAt, author: author};
def paid: {value: (.amountMicros | micros), currency};

def chat: .snippet as $s | (($s.superChatDetails.userComment // $s.memberMilestoneChatDetails.userComment) | known) as $comment |
  if $s.type == "textMessageEvent" then message($s.displayMessage // $s.textMessageDetails.messageText // "")
  # what YouTube displays of it names the buyer: only the comment is the buyer's own word
  elif $s.type == "superChatEvent" then (if $comment then message($comment) else gift end) + ($s.superChatDetails | paid)
  elif $s.type == "superStickerEvent" then gift + ($s.superStickerDetails | paid)
  # a gift that is sent again keeps its id and counts on
  elif $s.type == "giftEvent" then gift + (range(1; [$s.giftDetails.comboCount // 1, 1000] | min + 1) as $nth | if $nth == 1 then {} else {id: id_of("yt", .id, $nth)} end)
  # each of the memberships is told once more to who gets it: that is no other gift
  elif $s.type == "membershipGiftingEvent" then gift + {count: $s.membershipGiftingDetails.giftMembershipsCount}
  elif $s.type == "memberMilestoneChatEvent" and $comment then message($comment)
  else skip("not a message") end;

def video: .liveStreamingDetails.concurrentViewers as $viewers |
  (if $viewers then {type: "audience", ts: $at, viewers: ($viewers | tonumber)} else empty end),
  (.statistics.viewCount | total("views_pv")), (.statistics.likeCount | total("likes"));
