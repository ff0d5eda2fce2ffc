# Each folder of test/ that has sources is a program, and each of its sources is a test.

get_target_property(type isolatte TYPE)
if(type STREQUAL SHARED_LIBRARY)
  isolatte_add_library(isolatte_internal STATIC EXCLUDE_FROM_ALL)
else()
  add_library(isolatte_internal ALIAS isolatte)
endif()

file(GLOB support CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/support/*.cpp")
add_library(isolatte_test_support STATIC ${support})
isolatte_compile_settings(isolatte_test_support)
target_link_libraries(isolatte_test_support
  PUBLIC isolatte_internal Boost::unit_test_framework Boost::context)
target_include_directories(isolatte_test_support
  PUBLIC "${PROJECT_SOURCE_DIR}/test" "${PROJECT_SOURCE_DIR}/lib")
target_compile_definitions(isolatte_test_support
  PUBLIC BOOST_TEST_DYN_LINK BOOST_ASIO_DISABLE_BOOST_COROUTINE)
set(isolatte_tests_in_children OFF)
if(TARGET isolatte::test AND NOT type STREQUAL SHARED_LIBRARY)
  set(isolatte_tests_in_children ON)
  # For all programs, because they share a precompiled header.
  target_compile_definitions(isolatte_test_support PUBLIC ISOLATTE_TEST_IN_CHILDREN=1)
endif()
if(ISOLATTE_PORTABLE)
  # Headers of lib/, which tests include, read this definition.
  target_compile_definitions(isolatte_test_support PUBLIC ISOLATTE_PORTABLE=1)
endif()
if(ISOLATTE_NO_BOOST_PROCESS IN_LIST isolatte_private_definitions)
  target_compile_definitions(isolatte_test_support PUBLIC ISOLATTE_NO_BOOST_PROCESS)
endif()
target_precompile_headers(isolatte_test_support PRIVATE
  "${PROJECT_SOURCE_DIR}/test/support/pch.hpp")

# Tests load these libraries while they run. Code has a name if its program or library has a build id, which some
# compilers do not ask their linker for.
set(isolatte_test_plugins isolatte_test_plugin isolatte_test_nameless_plugin)
foreach(plugin IN LISTS isolatte_test_plugins)
  add_library(${plugin} MODULE "${PROJECT_SOURCE_DIR}/test/plugin/plugin.cpp")
  isolatte_compile_settings(${plugin})
endforeach()
target_link_options(isolatte_test_plugin PRIVATE LINKER:--build-id)
target_link_options(isolatte_test_nameless_plugin PRIVATE LINKER:--build-id=none)

# libnats reads and writes one connection of OpenSSL in two threads. Programs of users may have races of
# their own there, so the file that is installed does not suppress them.
set(isolatte_test_suppressions "${PROJECT_SOURCE_DIR}/tools/sanitizers/tsan.supp")
if(isolatte_build_nats)
  file(READ "${isolatte_test_suppressions}" text)
  set(isolatte_test_suppressions "${PROJECT_BINARY_DIR}/tsan.supp")
  file(WRITE "${isolatte_test_suppressions}" "${text}race:libssl.so\n")
endif()

# A finding of a sanitizer has to end the process with an error that ctest sees, in children too.
set(isolatte_test_environment
  ASAN_OPTIONS=abort_on_error=0:detect_stack_use_after_return=1
  UBSAN_OPTIONS=print_stacktrace=1
  "TSAN_OPTIONS=die_after_fork=0:halt_on_error=1:second_deadlock_stack=1:suppressions='${isolatte_test_suppressions}'")

# Tests put strings together in many places, some of which an optimising GCC 12 takes for out of bounds:
# https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651
function(isolatte_allow_strings program)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${program} PRIVATE
      "$<$<NOT:$<CONFIG:Debug>>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>")
  endif()
endfunction()

# Asio's templates take longer to compile than the tests. More sources at a time need more memory.
function(isolatte_use_unity program)
  if(ISOLATTE_UNITY_TESTS)
    set_target_properties(${program} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
    # GCC takes each source for a header, where such types would be several.
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      target_compile_options(${program} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
endfunction()

function(isolatte_add_test_program directory)
  set(program isolatte_${directory}_tests)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/${directory}/*.cpp")
  list(FILTER sources INCLUDE REGEX "/(${ISOLATTE_TEST_SUITES})\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_executable(${program} ${sources})
  isolatte_compile_settings(${program})
  isolatte_use_unity(${program})
  isolatte_allow_strings(${program})
  target_link_libraries(${program} PRIVATE isolatte_test_support)
  target_precompile_headers(${program} REUSE_FROM isolatte_test_support)
  target_link_options(${program} PRIVATE LINKER:--build-id)
  add_dependencies(${program} ${isolatte_test_plugins})

  set(suites "")
  foreach(source IN LISTS sources)
    get_filename_component(suite "${source}" NAME_WE)
    list(APPEND suites ${suite})
    add_test(NAME ${directory}.${suite}
      COMMAND ${program} --run_test=${suite} --random --log_level=test_suite)
    set_tests_properties(${directory}.${suite} PROPERTIES
      TIMEOUT ${ISOLATTE_TEST_TIMEOUT}
      LABELS ${directory}
      ENVIRONMENT
        "${isolatte_test_environment};ISOLATTE_TEST_PLUGIN=$<TARGET_FILE:isolatte_test_plugin>;ISOLATTE_TEST_NAMELESS_PLUGIN=$<TARGET_FILE:isolatte_test_nameless_plugin>")
  endforeach()

  # ctest runs one suite for each file: a case outside the suite of its file would never run.
  add_test(NAME ${directory}.every-case-runs
    COMMAND "${PROJECT_SOURCE_DIR}/tools/check-suites" $<TARGET_FILE:${program}> ${suites})
  set_tests_properties(${directory}.every-case-runs PROPERTIES
    LABELS ${directory} ENVIRONMENT "${isolatte_test_environment}")
endfunction()

file(GLOB directories CONFIGURE_DEPENDS LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/test/*")
foreach(path IN LISTS directories)
  get_filename_component(directory "${path}" NAME)
  file(GLOB sources CONFIGURE_DEPENDS "${path}/*.cpp")
  if(sources AND NOT directory MATCHES "^(support|compile_fail|consumer|plugin|boost_test|farm)$")
    isolatte_add_test_program(${directory})
  endif()
endforeach()
# With a shared library, isolatte::test would bring a second copy of the library into the program.
if(isolatte_tests_in_children AND TARGET isolatte_unit_tests)
  target_link_libraries(isolatte_unit_tests PRIVATE isolatte::test)
endif()
if(isolatte_build_nats)
  isolatte_add_test_program(farm)
  if(TARGET isolatte_farm_tests)
    target_link_libraries(isolatte_farm_tests PRIVATE isolatte_nats)
  endif()
  if(TEST farm.rights)
    set_property(TEST farm.rights APPEND PROPERTY
      ENVIRONMENT "ISOLATTE_TEST_FARM_GUIDE=${PROJECT_SOURCE_DIR}/doc/guide/farm.md")
  endif()
  # CI has time for the others.
  foreach(test IN ITEMS farm.allocations farm.long_runs)
    if(TEST ${test})
      set_property(TEST ${test} APPEND PROPERTY LABELS long)
    endif()
  endforeach()
endif()
if(isolatte_build_test_support)
  include(IsolatteBoostTestTests)
endif()
