#include "tools/labyrinth/app.h"

int main(int argc, char** argv) { return labyrinth::cli::RunApp(argc, argv); }
