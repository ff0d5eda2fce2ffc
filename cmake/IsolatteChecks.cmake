# These tests look at the source tree, so a sanitizer would find nothing in them.
if(ISOLATTE_SANITIZE)
  return()
endif()

function(isolatte_add_check name)
  add_test(NAME check.${name} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMAND_EXPAND_LISTS)
  set_tests_properties(check.${name} PROPERTIES LABELS check TIMEOUT 900)
endfunction()

set(compiler "${CMAKE_CXX_COMPILER}" -std=c++20)
foreach(library IN ITEMS isolatte Boost::headers)
  set(directories "$<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>")
  list(APPEND compiler "-I$<JOIN:${directories},$<SEMICOLON>-I>")
endforeach()

isolatte_add_check(layers tools/check-layers)
isolatte_add_check(version tools/check-version "${PROJECT_BINARY_DIR}" ${compiler})
isolatte_add_check(prose tools/check-prose)
isolatte_add_check(snippets tools/snippets --check)

file(GLOB scripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/tools/*.sh")
foreach(script IN LISTS scripts)
  get_filename_component(name "${script}" NAME_WE)
  isolatte_add_check(${name}-itself sh "${script}")
endforeach()

# Every header compiles alone, and if it is included twice.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
  "${PROJECT_SOURCE_DIR}/include/*.hpp")
set(header_sources "")
foreach(header IN LISTS headers)
  string(REPLACE "/" "-" name "${header}")
  set(source "${PROJECT_BINARY_DIR}/headers/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include <${header}>\n#include <${header}>\n")
  list(APPEND header_sources "${source}")
endforeach()
add_library(isolatte_headers OBJECT EXCLUDE_FROM_ALL ${header_sources})
isolatte_compile_settings(isolatte_headers)
target_link_libraries(isolatte_headers PRIVATE isolatte::isolatte)
isolatte_add_check(headers
  "${CMAKE_COMMAND}" "-DBUILD=${PROJECT_BINARY_DIR}" -DTARGET=isolatte_headers
  -P "${PROJECT_SOURCE_DIR}/cmake/BuildAlone.cmake")

# Each source of test/compile_fail has to be refused, with a readable error.
file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/compile_fail/*.cpp")
foreach(source IN LISTS sources)
  get_filename_component(name "${source}" NAME_WE)
  add_test(NAME compile_fail.${name}
    COMMAND "${PROJECT_SOURCE_DIR}/tools/check-refused" "${source}" ${compiler}
    COMMAND_EXPAND_LISTS)
  set_tests_properties(compile_fail.${name} PROPERTIES LABELS check TIMEOUT 120)
endforeach()

isolatte_add_check(package tools/check-package "${PROJECT_BINARY_DIR}")
set_tests_properties(check.package PROPERTIES
  ENVIRONMENT "CXX=${CMAKE_CXX_COMPILER};CXXFLAGS=${CMAKE_CXX_FLAGS}")

# The site needs Doxygen and two packages of Python: tools/install-dependencies docs.
find_program(ISOLATTE_DOXYGEN doxygen)
mark_as_advanced(ISOLATTE_DOXYGEN)
foreach(python IN ITEMS python3 /usr/bin/python3)
  execute_process(COMMAND "${python}" -c "import markdown_it, pygments"
    RESULT_VARIABLE without_packages OUTPUT_QUIET ERROR_QUIET)
  if(ISOLATTE_DOXYGEN AND without_packages EQUAL 0)
    isolatte_add_check(docs tools/check-docs "${PROJECT_BINARY_DIR}/site")
    # Chromium uses that site. Without Chromium the test is skipped.
    isolatte_add_check(site "${python}" -B test/site/in_browser.py "${PROJECT_BINARY_DIR}/site")
    set_tests_properties(check.docs PROPERTIES FIXTURES_SETUP site)
    set_tests_properties(check.site PROPERTIES FIXTURES_REQUIRED site SKIP_RETURN_CODE 77
      TIMEOUT 1800)
    break()
  endif()
endforeach()
