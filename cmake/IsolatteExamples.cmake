# Each file example/<name>.cpp and each folder example/<name>/ is a program, which tools/run-example
# tests.

function(isolatte_add_example name)
  add_executable(isolatte_example_${name} ${ARGN})
  set_target_properties(isolatte_example_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/example")
  isolatte_compile_settings(isolatte_example_${name})
  target_link_libraries(isolatte_example_${name}
    PRIVATE isolatte::isolatte Boost::program_options Boost::context)
  target_compile_definitions(isolatte_example_${name} PRIVATE BOOST_ASIO_DISABLE_BOOST_COROUTINE)
  add_test(NAME example.${name}
    COMMAND "${PROJECT_SOURCE_DIR}/tools/run-example" $<TARGET_FILE:isolatte_example_${name}>
      "${PROJECT_SOURCE_DIR}/example/${name}.test")
  set_tests_properties(example.${name} PROPERTIES
    TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS example
    ENVIRONMENT "${isolatte_test_environment}")
endfunction()

file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/example/*")
foreach(entry IN LISTS entries)
  get_filename_component(name "${entry}" NAME_WE)
  if(IS_DIRECTORY "${entry}")
    file(GLOB sources CONFIGURE_DEPENDS "${entry}/*.cpp")
    if(sources)
      isolatte_add_example(${name} ${sources})
    endif()
  elseif(entry MATCHES "\\.cpp$")
    isolatte_add_example(${name} "${entry}")
  endif()
endforeach()
