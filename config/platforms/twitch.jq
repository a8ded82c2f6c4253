# Twitch: messages of IRC as objects {tags, nick, command, params, number}, and EventSub notifications.

def kind: if . == "broadcaster" then "host" elif . == "moderator" then "moderator" else null end;
def irc_message: if .command != "PRIVMSG" then skip("not a message") else
  {type: "chat_message", id: (.tags.id // .number), ts: ((.tags["tmi-sent-ts"] | time) // $at), author: (.tags["user-id"] // .nick), text: (.params[1] // ""),
   author_kind: ([(.tags.badges // "") | split(",")[] | split("/")[0] | kind | select(.)] | first // "viewer"), reply_to: .tags["reply-parent-msg-id"]} end;

def eventsub: (.payload // .) as $m | ($m.event // {}) as $e |
  if ($m.subscription.type // .metadata.subscription_type // "channel.chat.message") != "channel.chat.message" or $e.message_id == null then skip("not a message")
  elif ($e.source_broadcaster_user_id // $e.broadcaster_user_id) != $e.broadcaster_user_id then skip("another channel's message")
  else {type: "chat_message", id: $e.message_id, ts: (.metadata.message_timestamp // $response.headers["twitch-eventsub-message-timestamp"] // $at), author: $e.chatter_user_id, text: $e.message.text,
    author_kind: ([$e.badges[]?.set_id | kind | select(.)] | first // "viewer"), reply_to: $e.reply.parent_message_id} end;
