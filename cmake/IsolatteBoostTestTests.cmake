# The tests of isolatte::test: a script runs modules with many arguments.

# Adds a module, and a test for each name that follows.
function(isolatte_add_test_module name)
  set(program isolatte_boost_test_${name})
  add_executable(${program} "${PROJECT_SOURCE_DIR}/test/boost_test/${name}.cpp")
  isolatte_compile_settings(${program})
  target_link_libraries(${program} PRIVATE isolatte::test)
  foreach(test IN LISTS ARGN)
    add_test(NAME boost_test.${test}
      COMMAND sh "${PROJECT_SOURCE_DIR}/test/boost_test/boost_test.sh" $<TARGET_FILE:${program}> ${test})
    set_tests_properties(boost_test.${test} PROPERTIES
      TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS boost_test
      ENVIRONMENT "${isolatte_test_environment}")
  endforeach()
endfunction()

set(isolatte_sample_tests logs reports selections arguments side_by_side)
if(NOT ISOLATTE_SANITIZE)
  # A sanitizer needs more address space than a limit would leave, and reports crashes itself.
  list(APPEND isolatte_sample_tests ends losses deaths)
endif()
isolatte_add_test_module(sample ${isolatte_sample_tests})
target_link_libraries(isolatte_boost_test_sample PRIVATE Boost::unit_test_framework)
target_compile_definitions(isolatte_boost_test_sample PRIVATE BOOST_TEST_DYN_LINK)

isolatte_add_test_module(included included)
