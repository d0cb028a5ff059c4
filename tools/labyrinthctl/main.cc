#include "tools/labyrinthctl/app.h"

int main(int argc, char** argv) { return labyrinth::ctl::RunApp(argc, argv); }
