#include "crypto/orf_server/orf_server.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/labyrinth/orf_client.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

std::string MappedThrough(const OrfClientState& client, const OrfServerState& server, std::string_view input) {
  return server.Map("server", client.Map("client", input).view()).value().str();
}

TEST_CASE("every device of a mailbox reaches the same id, and no other mailbox does") {
  SeededRandom random(1);
  OrfClientState client = OrfClientState::Generate(random);
  OrfServerState server = OrfServerState::Generate(random);
  const std::string id = MappedThrough(client, server, "input");
  for (int i = 0; i < 10; ++i) {
    OrfClientState::Evolution next = client.Evolve(random);
    OrfServerState evolved = server.Evolve(next.token.bytes().RevealSecret()).value();
    CHECK(MappedThrough(next.state, evolved, "input") == id);
    CHECK(next.state.Map("client", "input") != client.Map("client", "input"));
    // Only the pair that belongs together maps right.
    CHECK(MappedThrough(client, evolved, "input") != id);
    CHECK(MappedThrough(next.state, server, "input") != id);
    client = std::move(next.state);
    server = std::move(evolved);
  }
  CHECK(MappedThrough(client, server, "other input") != id);
  CHECK(MappedThrough(OrfClientState::Generate(random), server, "input") != id);
}

TEST_CASE("domains separate") {
  SeededRandom random(2);
  const OrfClientState client = OrfClientState::Generate(random);
  const OrfServerState server = OrfServerState::Generate(random);
  CHECK(client.Map("a", "input") != client.Map("b", "input"));
  const Point point = client.Map("a", "input");
  CHECK(*server.Map("a", point.view()) != *server.Map("b", point.view()));
}

TEST_CASE("states survive storage; what isn't a state is refused") {
  SeededRandom random(3);
  const OrfClientState client = OrfClientState::Generate(random);
  const OrfServerState server = OrfServerState::Generate(random);
  const std::string id = MappedThrough(client, server, "input");
  CHECK(MappedThrough(*OrfClientState::Parse(client.bytes()), *OrfServerState::Parse(server.bytes()), "input") == id);
  CHECK(MappedThrough(client.Clone(), server.Clone(), "input") == id);
  for (const std::string& bad :
       {std::string(), std::string(31, '\x01'), std::string(32, '\0'), std::string(32, '\xff')}) {
    CHECK(absl::IsInvalidArgument(OrfClientState::Parse(Secret::CopyOf(bad)).status()));
    CHECK(absl::IsInvalidArgument(OrfServerState::Parse(Secret::CopyOf(bad)).status()));
    CHECK(absl::IsInvalidArgument(server.Evolve(bad).status()));
    CHECK(absl::IsInvalidArgument(server.Map("domain", bad).status()));
  }
}

}  // namespace
}  // namespace labyrinth::crypto
