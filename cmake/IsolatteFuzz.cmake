# Each source of fuzz/ is a target: a decoder that is fed bytes which no one vouches for. With tests,
# isolatte_fuzz_replay runs each target's corpus. With ISOLATTE_BUILD_FUZZERS, isolatte_fuzz runs any
# target under libFuzzer: `tools/fuzz` does that.

file(GLOB isolatte_fuzz_targets CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/*.cpp")

# The decoders of isolatte::nats need neither libnats nor a server. Those of what a server answers need
# Boost.JSON.
file(GLOB isolatte_fuzz_wire CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/nats/wire/*.cpp")
if(NOT isolatte_build_nats)
  list(REMOVE_ITEM isolatte_fuzz_targets "${PROJECT_SOURCE_DIR}/fuzz/farm_answers.cpp")
  list(REMOVE_ITEM isolatte_fuzz_wire "${PROJECT_SOURCE_DIR}/lib/nats/wire/jetstream.cpp")
endif()

function(isolatte_add_fuzz_program program main)
  set(support "${PROJECT_SOURCE_DIR}/fuzz/support")
  add_executable(${program} ${ARGN} ${isolatte_fuzz_wire}
    "${support}/${main}.cpp" "${support}/targets.cpp" "${support}/memory_bound.cpp")
  isolatte_compile_settings(${program})
  # Code has no name without one.
  target_link_options(${program} PRIVATE LINKER:--build-id)
  # Some targets send objects of the unit tests' classes.
  target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/fuzz"
    "${PROJECT_SOURCE_DIR}/test" "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/lib")
  if(isolatte_build_nats)
    target_link_libraries(${program} PRIVATE Boost::json)
  endif()
  if(ISOLATTE_PORTABLE)
    target_compile_definitions(${program} PRIVATE ISOLATTE_PORTABLE=1)
  endif()
endfunction()

if(isolatte_build_tests)
  set(targets ${isolatte_fuzz_targets})
  list(FILTER targets INCLUDE REGEX "/(${ISOLATTE_TEST_SUITES})\\.cpp$")
  if(targets)
    isolatte_add_fuzz_program(isolatte_fuzz_replay replay ${targets})
    target_link_libraries(isolatte_fuzz_replay PRIVATE isolatte_internal)
  endif()
  foreach(source IN LISTS targets)
    get_filename_component(name "${source}" NAME_WE)
    add_test(NAME fuzz.${name}
      COMMAND isolatte_fuzz_replay ${name} "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
    set_tests_properties(fuzz.${name} PROPERTIES
      TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS fuzz ENVIRONMENT "${isolatte_test_environment}")
  endforeach()
endif()

if(ISOLATTE_BUILD_FUZZERS)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  check_cxx_source_compiles("
    #include <cstddef>
    #include <cstdint>
    extern \"C\" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t) { return 0; }"
    ISOLATTE_HAS_LIBFUZZER)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT ISOLATTE_HAS_LIBFUZZER)
    message(FATAL_ERROR "ISOLATTE_BUILD_FUZZERS needs a compiler with libFuzzer, such as Clang")
  endif()
  # libFuzzer sees which branches an input takes in code that is compiled for it. That is all that a
  # target runs: the layers up to the event loop's, and the text of stack traces.
  set(sources "${PROJECT_SOURCE_DIR}/lib/launch/stack_trace.cpp")
  foreach(layer IN ITEMS vocabulary logic posix confine archive exception outcome supervise)
    file(GLOB_RECURSE more CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/${layer}/*.cpp")
    list(APPEND sources ${more})
  endforeach()
  isolatte_add_fuzz_program(isolatte_fuzz fuzzer ${isolatte_fuzz_targets} ${sources})
  target_compile_options(isolatte_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_options(isolatte_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(isolatte_fuzz
    PRIVATE Boost::headers Boost::serialization Threads::Threads ${CMAKE_DL_LIBS})
  if(isolatte_has_seccomp)
    target_link_libraries(isolatte_fuzz PRIVATE PkgConfig::isolatte_seccomp)
    target_compile_definitions(isolatte_fuzz PRIVATE ISOLATTE_HAS_SECCOMP)
  endif()
endif()
