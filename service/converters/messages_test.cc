#include "service/converters/messages.h"

#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <string>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {
namespace {

v1::SaveMessagesRequest GoodSave() {
  v1::SaveMessagesRequest request;
  request.set_epoch_id(7);
  request.set_cipher_version(3);
  request.set_on_conflict(v1::ON_CONFLICT_KEEP_EXISTING);
  v1::Message& message = *request.add_messages();
  message.set_message_id("m");
  message.set_thread_id("t");
  message.set_timestamp_ms(1000);
  message.set_ciphertext(std::string(44, 'c'));
  return request;
}

TEST_CASE("a save within all bounds is taken as it is") {
  v1::SaveMessagesRequest request = GoodSave();
  const auto save = ParseSave({}, request);
  REQUIRE(save.ok());
  CHECK(save->epoch_id == EpochId(7));
  CHECK(save->messages.at(0).ciphertext.size() == 44);
}

TEST_CASE("a deletion names 1 to 100 messages, and no more attachments") {
  v1::DeleteMessagesRequest request;
  CHECK(DetailsOf(ParseDelete({}, request).status())["field"] == "message_ids");
  for (int i = 0; i < 100; ++i) request.add_message_ids("m" + std::to_string(i));
  for (int i = 0; i < 100; ++i) request.add_attachments();
  const auto all = ParseDelete({}, request);
  REQUIRE(all.ok());
  CHECK(all->message_ids.size() == 100);
  CHECK(all->message_ids[99] == "m99");

  v1::DeleteMessagesRequest spoiled = request;
  spoiled.add_message_ids("m");
  CHECK(DetailsOf(ParseDelete({}, spoiled).status())["limit"] == "delete_messages");
  spoiled = request;
  spoiled.add_attachments();
  CHECK(DetailsOf(ParseDelete({}, spoiled).status())["limit"] == "delete_messages");
  spoiled = request;
  spoiled.set_message_ids(3, "");
  CHECK(DetailsOf(ParseDelete({}, spoiled).status())["field"] == "message_ids[3]");
  spoiled.set_message_ids(3, std::string(65, 'm'));
  CHECK(DetailsOf(ParseDelete({}, spoiled).status())["limit"] == "message_id_bytes");
}

TEST_CASE("each bad save is refused by the name of its field") {
  struct Case {
    std::string field;
    Reason reason;
    std::function<void(v1::SaveMessagesRequest&)> spoil;
  };
  const Reason invalid = Reason::kInvalidField;
  const Reason limit = Reason::kLimitExceeded;
  const int64_t far = std::numeric_limits<int64_t>::max();
  const int64_t low = std::numeric_limits<int64_t>::min();
  const auto m = [](v1::SaveMessagesRequest& r) { return r.mutable_messages(0); };
  const Case cases[] = {
      {"epoch_id", invalid, [](auto& r) { r.set_epoch_id(0); }},
      {"epoch_id", invalid, [](auto& r) { r.set_epoch_id(uint64_t{1} << 63); }},
      {"cipher_version", invalid, [](auto& r) { r.set_cipher_version(1); }},
      {"cipher_version", invalid, [](auto& r) { r.set_cipher_version(5); }},
      {"on_conflict", invalid, [](auto& r) { r.set_on_conflict(v1::ON_CONFLICT_UNSPECIFIED); }},
      {"messages", invalid, [](auto& r) { r.clear_messages(); }},
      {"messages[0].message_id", invalid, [&](auto& r) { m(r)->clear_message_id(); }},
      {"messages[0].message_id", limit, [&](auto& r) { m(r)->set_message_id(std::string(65, 'm')); }},
      {"messages[0].thread_id", invalid, [&](auto& r) { m(r)->clear_thread_id(); }},
      {"messages[0].thread_id", limit, [&](auto& r) { m(r)->set_thread_id(std::string(129, 't')); }},
      {"messages[0].ciphertext", invalid, [&](auto& r) { m(r)->set_ciphertext(std::string(43, 'c')); }},
      {"messages[0].ciphertext", limit,
       [&](auto& r) { m(r)->set_ciphertext(std::string(limits::kMessageBytes + 1, 'c')); }},
      {"messages[0].timestamp_ms", invalid, [&](auto& r) { m(r)->set_timestamp_ms(-1); }},
      {"messages[0].timestamp_ms", invalid, [&](auto& r) { m(r)->set_timestamp_ms(far); }},
      {"messages[0].timestamp_ms", invalid, [&](auto& r) { m(r)->set_timestamp_ms(low); }},
      {"messages[0].expire_ms", invalid, [&](auto& r) { m(r)->set_expire_ms(-1); }},
      {"messages[0].expire_ms", invalid, [&](auto& r) { m(r)->set_expire_ms(far); }},
      {"messages[1].message_id", invalid, [](auto& r) { *r.add_messages() = r.messages(0); }},
      {"messages", limit,
       [](auto& r) {
         while (r.messages_size() <= static_cast<int>(limits::kSaveBatchMessages)) *r.add_messages() = r.messages(0);
       }},
      {"messages", limit,
       [](auto& r) {
         r.mutable_messages(0)->set_ciphertext(std::string(limits::kMessageBytes, 'c'));
         for (int i = 1; i < 9; ++i) {
           *r.add_messages() = r.messages(0);
           r.mutable_messages(i)->set_message_id(std::to_string(i));
         }
       }},
  };
  for (const Case& c : cases) {
    v1::SaveMessagesRequest request = GoodSave();
    c.spoil(request);
    const auto save = ParseSave({}, request);
    INFO(c.field);
    CHECK(ReasonOf(save.status()) == c.reason);
    CHECK(DetailsOf(save.status())["field"] == c.field);
  }
}

TEST_CASE("ranges of time are half-open, bounded and never inverted") {
  const auto parse = [](int64_t start_ms, int64_t end_ms) {
    v1::ListMessagesRequest request;
    request.set_start_ms(start_ms);
    request.set_end_ms(end_ms);
    return ParseQuery(request);
  };
  REQUIRE(parse(0, 0).ok());
  CHECK(parse(0, 0)->end_ms == limits::kTimestampMs + 1);
  CHECK(parse(5, 6).ok());
  CHECK(parse(limits::kTimestampMs, 0).ok());
  CHECK(DetailsOf(parse(5, 5).status())["field"] == "end_ms");
  CHECK(DetailsOf(parse(6, 5).status())["field"] == "end_ms");
  CHECK(DetailsOf(parse(-1, 5).status())["field"] == "start_ms");
  CHECK(DetailsOf(parse(limits::kTimestampMs + 1, 0).status())["field"] == "start_ms");
  CHECK(DetailsOf(parse(0, std::numeric_limits<int64_t>::min()).status())["field"] == "end_ms");
  CHECK(DetailsOf(parse(0, std::numeric_limits<int64_t>::max()).status())["field"] == "end_ms");
}

TEST_CASE("a query names an order that exists") {
  v1::ListMessagesRequest request;
  CHECK(ParseQuery(request)->newest_first);
  request.set_order(v1::ORDER_OLDEST_FIRST);
  CHECK_FALSE(ParseQuery(request)->newest_first);
  request.set_order(static_cast<v1::Order>(9));
  CHECK(DetailsOf(ParseQuery(request).status())["field"] == "order");
}

}  // namespace
}  // namespace labyrinth::service
