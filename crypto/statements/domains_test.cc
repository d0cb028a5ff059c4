#include "crypto/statements/domains.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace labyrinth::crypto::domains {
namespace {

TEST_CASE("no two uses share a label") {
  std::set<std::string_view> seen;
  for (const Domain& domain : AllDomains()) {
    INFO(domain.label);
    CHECK_FALSE(domain.label.empty());
    CHECK(seen.insert(domain.label).second);
  }
}

TEST_CASE("no label begins with one of its scope that something variable follows") {
  for (const Domain& open : AllDomains()) {
    if (!open.open_ended) continue;
    for (const Domain& other : AllDomains()) {
      if (&other == &open || other.scope != open.scope) continue;
      INFO(open.label << " and " << other.label);
      CHECK_FALSE(other.label.substr(0, open.label.size()) == open.label);
    }
  }
}

TEST_CASE("a message key's suffix can't be read as a longer sequence id") {
  for (const Domain& domain : AllDomains()) {
    if (domain.scope != Scope::kMessageKeySuffix) continue;
    INFO(domain.label);
    CHECK_FALSE((domain.label[0] >= '0' && domain.label[0] <= '9'));
  }
}

TEST_CASE("no two uses share a use byte") {
  std::set<unsigned char> seen;
  for (const UseByte& use : AllUseBytes()) {
    INFO(use.use);
    CHECK(seen.insert(use.value).second);
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("every label of the header is in the table") {
  std::ifstream header("crypto/statements/domains.h");
  REQUIRE(header);
  const std::string text{std::istreambuf_iterator<char>(header), {}};
  const std::regex constant("string_view k\\w+\\s*=\\s*\"([^\"]*)\"");
  std::size_t found = 0;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), constant); it != std::sregex_iterator(); ++it) {
    const std::string label = (*it)[1];
    INFO(label);
    bool listed = false;
    for (const Domain& domain : AllDomains()) listed = listed || domain.label == label;
    CHECK(listed);
    ++found;
  }
  CHECK(found == AllDomains().size());
}

}  // namespace
}  // namespace labyrinth::crypto::domains
