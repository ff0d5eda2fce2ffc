# The tests of isolatte::test: a script runs a module with many arguments.

add_executable(isolatte_boost_test_sample "${PROJECT_SOURCE_DIR}/test/boost_test/sample.cpp")
isolatte_compile_settings(isolatte_boost_test_sample)
target_link_libraries(isolatte_boost_test_sample
  PRIVATE isolatte::test Boost::unit_test_framework)
target_compile_definitions(isolatte_boost_test_sample PRIVATE BOOST_TEST_DYN_LINK)

foreach(test IN ITEMS logs reports selections ends deaths side_by_side)
  add_test(NAME boost_test.${test}
    COMMAND sh "${PROJECT_SOURCE_DIR}/test/boost_test/boost_test.sh"
      $<TARGET_FILE:isolatte_boost_test_sample> ${test})
  set_tests_properties(boost_test.${test} PROPERTIES
    TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS boost_test ENVIRONMENT "${isolatte_test_environment}")
endforeach()
