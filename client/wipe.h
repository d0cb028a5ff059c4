// Protobuf messages that hold secrets for a moment.
#ifndef LABYRINTH_CLIENT_WIPE_H_
#define LABYRINTH_CLIENT_WIPE_H_

#include <google/protobuf/message.h>

#include <string_view>

#include "crypto/primitives/secret.h"

namespace labyrinth::client {

// Overwrites every bytes field of `message` and of the messages inside it. What protobuf itself copied while parsing
// from a string lands directly in those fields, so nothing else is left. `message` isn't on an arena.
void WipeMessage(google::protobuf::Message& message);

// A message that wipes itself at the end of its scope.
template <typename M>
class Wiped {
 public:
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { WipeMessage(message_); }
  M* operator->() { return &message_; }
  M& operator*() { return message_; }

 private:
  M message_;
};

// Serialized deterministically, straight into a Secret.
crypto::Secret SerializeSecret(const google::protobuf::Message& message);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_WIPE_H_
