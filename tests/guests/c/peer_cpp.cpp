// The conformance peer as C++: the header serves both languages, and the library is one.
#pragma clang diagnostic ignored "-Wc++20-designator"
#pragma clang diagnostic ignored "-Wmissing-field-initializers"
#include "peer.c"
