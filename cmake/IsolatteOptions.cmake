# PROJECT_IS_TOP_LEVEL needs CMake 3.21.
if(CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  set(isolatte_top_level ON)
else()
  set(isolatte_top_level OFF)
endif()

# These two belong to the top project.
if(isolatte_top_level)
  option(BUILD_SHARED_LIBS "Build isolatte as a shared library" OFF)
  option(BUILD_TESTING "Build the tests, and register them with CTest" ON)
endif()
if(NOT DEFINED BUILD_TESTING OR BUILD_TESTING)
  set(isolatte_testing ON)
else()
  set(isolatte_testing OFF)
endif()

# AUTO builds them if isolatte is the top project and their Boost libraries are installed. With ON, a
# missing library is an error.
foreach(what IN ITEMS TESTS EXAMPLES COMMAND)
  string(TOLOWER ${what} name)
  set(ISOLATTE_BUILD_${what} AUTO CACHE STRING "Build the ${name}: ON, OFF or AUTO")
  set_property(CACHE ISOLATTE_BUILD_${what} PROPERTY STRINGS AUTO ON OFF)
endforeach()

set(ISOLATTE_BUILD_TEST_SUPPORT AUTO CACHE STRING
  "Build isolatte::test, which runs cases of Boost.Test in children: ON, OFF or AUTO")
set_property(CACHE ISOLATTE_BUILD_TEST_SUPPORT PROPERTY STRINGS AUTO ON OFF)

# AUTO uses libseccomp if it is installed. A package says which.
set(ISOLATTE_SECCOMP AUTO CACHE STRING "Use libseccomp, which sandboxes need: ON, OFF or AUTO")
set_property(CACHE ISOLATTE_SECCOMP PROPERTY STRINGS AUTO ON OFF)

# In development: needs libnats and Boost.JSON, and AUTO builds it if they are installed.
set(ISOLATTE_NATS OFF CACHE STRING
  "Build isolatte::nats, which runs jobs on many hosts: ON, OFF or AUTO")
set_property(CACHE ISOLATTE_NATS PROPERTY STRINGS AUTO ON OFF)

set(ISOLATTE_BUILD_SERVICE AUTO CACHE STRING
  "Build example/service: ON, OFF, or AUTO for with the examples, if libpng and Boost.JSON are there")
set_property(CACHE ISOLATTE_BUILD_SERVICE PROPERTY STRINGS AUTO ON OFF)

option(ISOLATTE_BUILD_BENCH "Build the benchmarks (needs Google Benchmark)" OFF)
option(ISOLATTE_BUILD_FUZZERS "Build isolatte_fuzz (needs Clang's libFuzzer)" OFF)
option(ISOLATTE_BUILD_SOAK "Build the soak test with the tests" ON)
option(ISOLATTE_UNITY_TESTS "Compile four sources of a test program at a time" OFF)
option(ISOLATTE_BUILD_DOCS "Add the target isolatte_docs (needs Doxygen)" OFF)
option(ISOLATTE_PORTABLE "Use POSIX only, even where Linux offers better" OFF)
option(ISOLATTE_WERROR "Treat warnings as errors" OFF)
set(ISOLATTE_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread")
set(ISOLATTE_TEST_SUITES ".*" CACHE STRING "Regular expression: the test suites to build")
set(ISOLATTE_TEST_TIMEOUT 120 CACHE STRING "Seconds one test file may take")

if(isolatte_top_level)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

  # ccache declines files that use a precompiled header unless these checks are off.
  find_program(ISOLATTE_CCACHE ccache)
  mark_as_advanced(ISOLATTE_CCACHE)
  if(ISOLATTE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${ISOLATTE_CCACHE}")
  endif()
endif()
