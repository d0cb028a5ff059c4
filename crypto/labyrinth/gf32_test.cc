#include "crypto/labyrinth/gf32.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

namespace labyrinth::crypto::gf32 {
namespace {

// Independent by elimination: only zero maps to zero.
bool Independent(const std::vector<std::size_t>& columns) {
  std::vector<Column> chosen;
  for (const std::size_t at : columns) chosen.push_back(Matrix()[at]);
  return Solve(chosen, Column{}).has_value();
}

TEST_CASE("the field's arithmetic is a field's") {
  // x^5 = x^2 + 1, by hand.
  CHECK(Multiply(16, 2) == 5);
  CHECK(Multiply(31, 31) == 18);  // (x^4+x^3+x^2+x+1)^2 = x^8+x^6+x^4+x^2+1 = x^4+x
  for (Element a = 0; a < 32; ++a) {
    CHECK(Multiply(a, 1) == a);
    CHECK(Multiply(a, 0) == 0);
    if (a != 0) CHECK(Multiply(a, Inverse(a)) == 1);
    for (Element b = 0; b < 32; ++b) {
      CHECK(Multiply(a, b) == Multiply(b, a));
      CHECK((a == 0 || b == 0 || Multiply(a, b) != 0));
      for (Element c = 0; c < 32; ++c) {
        if (Multiply(a, b ^ c) != (Multiply(a, b) ^ Multiply(a, c))) FAIL("not distributive");
        if (Multiply(a, Multiply(b, c)) != Multiply(Multiply(a, b), c)) FAIL("not associative");
      }
    }
  }
}

TEST_CASE("the matrix is the published one") {
  std::ifstream file("tests/vectors/labyrinth-v1.json");
  REQUIRE(file);
  const auto example = nlohmann::json::parse(file)["recovery_code"]["ecc_existence_example"];
  CHECK(example["field_poly"] == 37);
  const auto& columns = example["columns"];
  REQUIRE(columns.size() == kColumns);
  for (std::size_t i = 0; i < kColumns; ++i) CHECK(columns[i].get<Column>() == Matrix()[i]);
}

TEST_CASE("any three columns are independent") {
  int triples = 0, dependent = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    for (std::size_t j = i + 1; j < kColumns; ++j) {
      for (std::size_t k = j + 1; k < kColumns; ++k) {
        ++triples;
        if (!Independent({i, j, k})) ++dependent;
      }
    }
  }
  CHECK(triples == 8436);
  CHECK(dependent == 0);
}

TEST_CASE("988 quadruples of columns are singular, the last four not among them") {
  int quadruples = 0, singular = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    for (std::size_t j = i + 1; j < kColumns; ++j) {
      for (std::size_t k = j + 1; k < kColumns; ++k) {
        for (std::size_t l = k + 1; l < kColumns; ++l) {
          ++quadruples;
          if (!Independent({i, j, k, l})) ++singular;
        }
      }
    }
  }
  CHECK(quadruples == 73815);
  CHECK(singular == 988);
  CHECK(Independent({34, 35, 36, 37}));
}

TEST_CASE("a solution satisfies its equations, and none is found where there is none") {
  const auto& matrix = Matrix();
  const std::vector<Column> three = {matrix[0], matrix[1], matrix[2]};
  Column target{};
  for (std::size_t row = 0; row < kRows; ++row) {
    target[row] = Multiply(matrix[0][row], 3) ^ Multiply(matrix[1][row], 17) ^ Multiply(matrix[2][row], 0);
  }
  const auto solution = Solve(three, target);
  REQUIRE(solution.has_value());
  CHECK(*solution == std::array<Element, kRows>{3, 17, 0, 0});

  // A fourth independent column is outside the span of the three.
  std::size_t outside = 3;
  while (!Independent({0, 1, 2, outside})) ++outside;
  CHECK_FALSE(Solve(three, matrix[outside]).has_value());
  CHECK_FALSE(Solve(std::vector<Column>{matrix[0], matrix[0]}, matrix[0]).has_value());
  CHECK_FALSE(Solve(std::vector<Column>{}, matrix[0]).has_value());
  CHECK_FALSE(Solve(std::vector<Column>(5, matrix[0]), matrix[0]).has_value());
}

}  // namespace
}  // namespace labyrinth::crypto::gf32
