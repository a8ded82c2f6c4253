# YouTube: counters as text, messages by id.

def chat: .snippet.type as $type | if $type == "textMessageEvent" or $type == "superChatEvent" then
  {type: "chat_message", id: "yt-\(.id)", ts: .snippet.publishedAt, author: .snippet.authorChannelId, text: (.snippet.displayMessage // ""),
   author_kind: (if .authorDetails.isChatOwner then "host" elif .authorDetails.isChatModerator then "moderator" else "viewer" end)}
  + (if $type == "superChatEvent" then .snippet.superChatDetails | {value: (.amountMicros | micros), currency} else {} end)
  else skip("not a message") end;

def video: .liveStreamingDetails.concurrentViewers as $viewers |
  (if $viewers then {type: "audience", ts: $at, viewers: ($viewers | tonumber)} else empty end),
  (.statistics.viewCount | total("views_pv")), (.statistics.likeCount | total("likes"));
