# Each file example/<name>.cpp and each folder example/<name>/ is a program, which tools/run-example
# tests. The service is told of in IsolatteService.cmake, the farm below.

# Adds a test of example <name>. Environment variables may follow.
function(isolatte_test_example test name file)
  add_test(NAME example.${test}
    COMMAND "${PROJECT_SOURCE_DIR}/tools/run-example" $<TARGET_FILE:isolatte_example_${name}>
      "${PROJECT_SOURCE_DIR}/example/${file}")
  set_tests_properties(example.${test} PROPERTIES
    TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS example SKIP_RETURN_CODE 77
    ENVIRONMENT "${isolatte_test_environment};${ARGN}")
endfunction()

# Sets RESULT to the targets of the libraries that the line `needs: Boost VERSION LIBRARY...` of the
# example's test names, or to NOTFOUND if this Boost is older or lacks one of them.
function(isolatte_example_needs result name)
  set(targets "")
  file(STRINGS "${PROJECT_SOURCE_DIR}/example/${name}.test" line REGEX "^needs: ")
  if(line)
    string(REGEX REPLACE "^needs: Boost +" "" needs "${line}")
    separate_arguments(needs)
    list(POP_FRONT needs version)
    isolatte_find_boost(missing ${needs})
    if(missing OR Boost_VERSION VERSION_LESS version)
      message(STATUS "isolatte: the example ${name} is left out: it needs Boost ${version} (${needs})")
      set(targets NOTFOUND)
    else()
      list(TRANSFORM needs PREPEND Boost:: OUTPUT_VARIABLE targets)
    endif()
  endif()
  set(${result} "${targets}" PARENT_SCOPE)
endfunction()

function(isolatte_add_example name)
  isolatte_example_needs(libraries ${name})
  if(libraries STREQUAL "NOTFOUND")
    return()
  endif()
  add_executable(isolatte_example_${name} ${ARGN})
  set_target_properties(isolatte_example_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/example")
  isolatte_compile_settings(isolatte_example_${name})
  target_link_libraries(isolatte_example_${name}
    PRIVATE isolatte::isolatte Boost::program_options Boost::context ${libraries})
  target_compile_definitions(isolatte_example_${name} PRIVATE BOOST_ASIO_DISABLE_BOOST_COROUTINE)
  isolatte_test_example(${name} ${name} ${name}.test)
endfunction()

file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/example/*")
foreach(entry IN LISTS entries)
  get_filename_component(name "${entry}" NAME_WE)
  if(name STREQUAL service OR name STREQUAL farm)
    continue()
  endif()
  if(IS_DIRECTORY "${entry}")
    file(GLOB sources CONFIGURE_DEPENDS "${entry}/*.cpp")
    if(sources)
      isolatte_add_example(${name} ${sources})
    endif()
  elseif(entry MATCHES "\\.cpp$")
    isolatte_add_example(${name} "${entry}")
  endif()
endforeach()

# device_jobs runs on machines without a device, too, with a driver that computes on the processor.
add_library(isolatte_example_simulated_driver MODULE
  "${PROJECT_SOURCE_DIR}/example/device_jobs/simulated/driver.cpp")
set_target_properties(isolatte_example_simulated_driver PROPERTIES
  PREFIX "lib" OUTPUT_NAME cuda SUFFIX ".so.1"
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/example/simulated")
isolatte_compile_settings(isolatte_example_simulated_driver)
isolatte_test_example(device_jobs_simulated device_jobs device_jobs/simulated/driver.test
  LD_LIBRARY_PATH=$<TARGET_FILE_DIR:isolatte_example_simulated_driver>)

# The plugin of plugin_host.
add_library(isolatte_example_initials MODULE
  "${PROJECT_SOURCE_DIR}/example/plugin_host/plugins/initials.cpp")
set_target_properties(isolatte_example_initials PROPERTIES
  PREFIX "" OUTPUT_NAME initials SUFFIX ".so"
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/example/plugins")
isolatte_compile_settings(isolatte_example_initials)
add_dependencies(isolatte_example_plugin_host isolatte_example_initials)

# The farm reads files with the reader of census.
if(isolatte_build_nats)
  set(sources "")
  foreach(part IN ITEMS damage specimen tally text trusting_reader)
    list(APPEND sources "${PROJECT_SOURCE_DIR}/example/census/${part}.cpp")
  endforeach()
  isolatte_add_example(farm "${PROJECT_SOURCE_DIR}/example/farm.cpp" ${sources})
  target_link_libraries(isolatte_example_farm PRIVATE isolatte::nats)
  # Without a build id its functions have no names. Some compilers do not ask their linker for one.
  target_link_options(isolatte_example_farm PRIVATE LINKER:--build-id)
  add_test(NAME example.farm_demo
    COMMAND "${PROJECT_SOURCE_DIR}/tools/farm-demo" --program $<TARGET_FILE:isolatte_example_farm>
      --damaged 24)
  set_tests_properties(example.farm_demo PROPERTIES
    TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS "example;farm" SKIP_RETURN_CODE 77
    ENVIRONMENT "${isolatte_test_environment}")
endif()
