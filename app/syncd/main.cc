// Exit codes only.
#include "syncd/cli/cli.h"

int main(int argc, char** argv) { return syncd::RunCommandLine(argc, argv); }
