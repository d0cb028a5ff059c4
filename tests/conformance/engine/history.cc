#include "tests/conformance/engine/history.h"

#include <fmt/format.h>

#include <random>

#include "tests/conformance/engine/calls.h"

namespace labyrinth::storage {
namespace {

std::string Key(char table, uint64_t revision) { return fmt::format("{}{:08}", table, revision); }

std::string Value(const std::string& partition, char table, uint64_t revision) {
  std::seed_seq seed(partition.begin(), partition.end());
  std::mt19937_64 random(seed);
  random.seed(random() ^ (revision * 2 + (table == 'a')));
  // Every sixteenth is larger than a block of the log.
  std::string value(1 + random() % (revision % 16 == 0 ? 50'000 : 1'000), '\0');
  for (char& byte : value) byte = static_cast<char>(random());
  return value;
}

}  // namespace

CommitRequest NextInHistory(const std::string& partition, uint64_t revision) {
  const uint64_t next = revision + 1;
  return Puts(partition, {1, revision},
              {{Key('a', next), Value(partition, 'a', next)},
               {Key('b', next), Value(partition, 'b', next)},
               {"last", std::to_string(next)}});
}

absl::StatusOr<uint64_t> CheckHistory(Engine& engine, const std::string& partition) {
  ReadRequest request = Gets(partition, {"last"});
  request.scans = {Range("a", "b"), Range("b", "c", Direction::kBackward)};
  const auto read = ReadNow(engine, request);
  if (!read.ok()) return read.status();
  const uint64_t revision = read->position.revision;
  const auto& forward = read->pages[0].items;
  const auto& backward = read->pages[1].items;
  if (read->position.incarnation != 1) return absl::InternalError("another incarnation");
  if (read->values[0].value_or("0") != std::to_string(revision)) return absl::InternalError("the wrong last row");
  if (forward.size() != revision || backward.size() != revision) return absl::InternalError("the wrong number of rows");
  for (uint64_t i = 1; i <= revision; ++i) {
    const Row& a = forward[i - 1];
    const Row& b = backward[revision - i];
    if (a.key != Key('a', i) || a.value != Value(partition, 'a', i)) return absl::InternalError("a wrong row");
    if (b.key != Key('b', i) || b.value != Value(partition, 'b', i)) return absl::InternalError("a wrong row");
  }
  return revision;
}

}  // namespace labyrinth::storage
