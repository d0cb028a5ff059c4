#include <iostream>

#include "tools/vectors/command.h"

int main(int argc, char** argv) { return labyrinth::vectors::RunCommand(argc, argv, std::cout, std::cerr); }
