# The web service example/service, and its tests.

file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/example/service/*.cpp")

# The pages become a part of the program.
file(GLOB pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/example/service/site/*")
set(embedded "${PROJECT_BINARY_DIR}/example/service/site_files.cpp")
add_custom_command(OUTPUT "${embedded}"
  COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${embedded}" "-DFILES=${pages}"
    -P "${PROJECT_SOURCE_DIR}/cmake/EmbedSite.cmake"
  DEPENDS ${pages} "${PROJECT_SOURCE_DIR}/cmake/EmbedSite.cmake"
  VERBATIM)

add_executable(isolatte_service ${sources} "${embedded}")
set_target_properties(isolatte_service PROPERTIES
  OUTPUT_NAME isolatte-service RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/example/service")
isolatte_compile_settings(isolatte_service)
# A stack trace goes to strangers, who need not know where the sources are.
target_compile_options(isolatte_service PRIVATE "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
target_include_directories(isolatte_service PRIVATE "${PROJECT_SOURCE_DIR}/example/service")
target_link_libraries(isolatte_service
  PRIVATE isolatte::isolatte Boost::json Boost::program_options PNG::PNG)
target_compile_definitions(isolatte_service PRIVATE BOOST_ASIO_DISABLE_BOOST_COROUTINE)

if(isolatte_testing AND NOT ISOLATTE_SANITIZE)
  find_program(ISOLATTE_PYTHON NAMES python3)
  mark_as_advanced(ISOLATTE_PYTHON)
  if(ISOLATTE_PYTHON)
    foreach(test IN ITEMS http:over_http page:in_browser)
      string(REPLACE ":" ";" test "${test}")
      list(GET test 0 name)
      list(GET test 1 script)
      add_test(NAME service.${name}
        COMMAND "${ISOLATTE_PYTHON}" -B "${PROJECT_SOURCE_DIR}/test/service/${script}.py"
          $<TARGET_FILE:isolatte_service>)
      set_tests_properties(service.${name} PROPERTIES
        TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS service SKIP_RETURN_CODE 77
        ENVIRONMENT "${isolatte_test_environment}")
    endforeach()
    # A browser is slow to start.
    math(EXPR timeout "4 * ${ISOLATTE_TEST_TIMEOUT}")
    set_tests_properties(service.page PROPERTIES TIMEOUT ${timeout})
  endif()
endif()
