// Text for people.
#ifndef LABYRINTH_COMMON_TEXT_H_
#define LABYRINTH_COMMON_TEXT_H_

#include <cstdint>
#include <string>

namespace labyrinth {

// "4,150"
inline std::string Grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped.push_back(',');
    grouped.push_back(digits[i]);
  }
  return grouped;
}

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_TEXT_H_
