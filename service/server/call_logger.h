// One log line a call.
#ifndef LABYRINTH_SERVICE_SERVER_CALL_LOGGER_H_
#define LABYRINTH_SERVICE_SERVER_CALL_LOGGER_H_

#include "service/handlers/call.h"
#include "service/log/log.h"
#include "service/log/pseudonym.h"

namespace labyrinth::service {

// Thread-safe; both outlive it.
class CallLogger final : public CallLog {
 public:
  CallLogger(Log& log, const Pseudonyms& pseudonyms) : log_(log), pseudonyms_(pseudonyms) {}

  // info for what the caller got or did wrong, error for what the server did wrong.
  void OnCall(const CallRecord& record) override;

 private:
  Log& log_;
  const Pseudonyms& pseudonyms_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_CALL_LOGGER_H_
