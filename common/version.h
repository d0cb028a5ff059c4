// Which release this is: every program of the project says the same.
#ifndef LABYRINTH_COMMON_VERSION_H_
#define LABYRINTH_COMMON_VERSION_H_

namespace labyrinth {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_VERSION_H_
