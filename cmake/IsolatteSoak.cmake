# The program of soak/ runs random jobs for as long as it is told. tools/soak runs it longer than ctest does.

file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/soak/*.cpp")
add_executable(isolatte_soak ${sources})
isolatte_compile_settings(isolatte_soak)
isolatte_use_unity(isolatte_soak)
isolatte_allow_strings(isolatte_soak)
# The library's internal functions are needed to make system calls fail.
target_link_libraries(isolatte_soak PRIVATE isolatte_test_support)
target_include_directories(isolatte_soak PRIVATE "${PROJECT_SOURCE_DIR}/soak")
target_precompile_headers(isolatte_soak REUSE_FROM isolatte_test_support)

# Two cycles: the first has all surroundings, and the second is held to the memory of the first.
add_test(NAME soak COMMAND isolatte_soak --seed 1 --jobs 6000 --round 300 --in-flight 32)
set_tests_properties(soak PROPERTIES
  TIMEOUT 600 LABELS soak ENVIRONMENT "${isolatte_test_environment}")
# A run whose rounds are too short to be disturbed has to say so.
add_test(NAME soak.variety COMMAND isolatte_soak --seed 1 --jobs 11 --round 1 --in-flight 1)
set_tests_properties(soak.variety PROPERTIES
  PASS_REGULAR_EXPRESSION "a phase was never met" TIMEOUT 300 LABELS soak
  ENVIRONMENT "${isolatte_test_environment}")
# So has one without any job.
add_test(NAME soak.nothing COMMAND isolatte_soak --seed 1 --jobs 10 --only-round 100)
set_tests_properties(soak.nothing PROPERTIES
  PASS_REGULAR_EXPRESSION "no job has run" TIMEOUT 300 LABELS soak
  ENVIRONMENT "${isolatte_test_environment}")
