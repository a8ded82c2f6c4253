# Twitch: messages of IRC as objects {tags, nick, command, params, number}, and EventSub notifications.

# who speaks, by the names of the badges
def speaker: map({broadcaster: "host", moderator: "moderator", lead_moderator: "moderator"}[.] // empty) |
  if any(. == "host") then "host" else .[0] // "viewer" end;

# "/me waves" comes between control characters
def said: if . != null and startswith("\u0001ACTION ") then .[8:] | rtrimstr("\u0001") else . end;

# an announcement, or what a subscriber says, is a notice with a text
def irc_message: (.tags // {}) as $tags |
  if (.command | among("PRIVMSG", "USERNOTICE") | not) or (.params[1] | known) == null then skip("not a message")
  elif ($tags["source-room-id"] // $tags["room-id"]) != $tags["room-id"] then skip("another channel's message")
  else
    ($tags.badges // "" | split(",") | map(split("/")[0]) | speaker) as $badge |
    {type: "chat_message", id: ($tags.id // .number), ts: (($tags["tmi-sent-ts"] | time) // $at), author: ($tags["user-id"] // .nick // $tags.login // "unknown"),
     text: (.params[1] | said), author_kind: (if $badge == "viewer" and $tags.mod == "1" then "moderator" else $badge end), reply_to: $tags["reply-parent-msg-id"]}
  end;

def eventsub: (.payload // .) as $m | ($m.event // {}) as $e |
  if ($m.subscription.type // .metadata.subscription_type // "channel.chat.message" | among("channel.chat.message", "channel.chat.notification") | not)
    or $e.message_id == null or ($e.message.text | known) == null then skip("not a message")
  elif ($e.source_broadcaster_user_id // $e.broadcaster_user_id) != $e.broadcaster_user_id then skip("another channel's message")
  else {type: "chat_message", id: $e.message_id, ts: (.metadata.message_timestamp // $response.headers["twitch-eventsub-message-timestamp"] // $at),
    author: ($e.chatter_user_id // "unknown"), text: ($e.message.text | said), author_kind: ([$e.badges[]?.set_id] | speaker), reply_to: $e.reply.parent_message_id} end;
