# config.hpp holds the version, so that users without CMake have the same one.
set(isolatte_version_header "${CMAKE_CURRENT_LIST_DIR}/../include/isolatte/config.hpp")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${isolatte_version_header}")
file(STRINGS "${isolatte_version_header}" isolatte_version REGEX "^#define ISOLATTE_VERSION [0-9]+$")
string(REGEX REPLACE "^#define ISOLATTE_VERSION " "" isolatte_version "${isolatte_version}")
math(EXPR isolatte_version_major "${isolatte_version} / 100000")
math(EXPR isolatte_version_minor "${isolatte_version} / 100 % 1000")
math(EXPR isolatte_version_patch "${isolatte_version} % 100")
set(isolatte_version
  ${isolatte_version_major}.${isolatte_version_minor}.${isolatte_version_patch})
