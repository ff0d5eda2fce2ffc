# `cpack` makes Debian packages, split and named as Debian does; tools/package builds and checks them.
# Other generators of CPack make an archive of everything.

set(ISOLATTE_PACKAGE_CONTACT "The isolatte authors <isolatte@packages.invalid>" CACHE STRING
  "Maintainer of the packages: a name and an address")
mark_as_advanced(ISOLATTE_PACKAGE_CONTACT)

if(isolatte_type STREQUAL SHARED_LIBRARY)
  get_target_property(isolatte_soversion isolatte SOVERSION)
  set(isolatte_runtime_package libisolatte${isolatte_soversion})
endif()

# Sets RESULT to the package that FILE came with: the names of Boost's differ between releases.
function(isolatte_owner result file)
  set(${result} "" PARENT_SCOPE)
  if(ISOLATTE_DPKG_QUERY)
    get_filename_component(file "${file}" REALPATH)
    execute_process(COMMAND "${ISOLATTE_DPKG_QUERY}" --search "${file}"
      OUTPUT_VARIABLE owner ERROR_QUIET RESULT_VARIABLE failure)
    if(NOT failure AND owner MATCHES "^([^:, ]+)")
      set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

find_program(ISOLATTE_DPKG_QUERY dpkg-query)
mark_as_advanced(ISOLATTE_DPKG_QUERY)

# A Boost that was built by hand has no package to depend on.
set(isolatte_development_depends "")
isolatte_owner(owner "${Boost_INCLUDE_DIRS}/boost/version.hpp")
list(APPEND isolatte_development_depends ${owner})
string(REPLACE " " ";" components "${isolatte_boost_components}")
set(isolatte_boost_test_package "")
foreach(component IN LISTS components)
  isolatte_owner(owner "${boost_${component}_DIR}/boost_${component}-config.cmake")
  list(APPEND isolatte_development_depends ${owner})
  if(component STREQUAL serialization)
    string(REPLACE serialization test isolatte_boost_test_package "${owner}")
  endif()
endforeach()
if(isolatte_has_seccomp AND NOT isolatte_type STREQUAL SHARED_LIBRARY)
  list(APPEND isolatte_development_depends libseccomp-dev)
endif()
list(REMOVE_DUPLICATES isolatte_development_depends)
list(JOIN isolatte_development_depends ", " isolatte_development_depends)

function(isolatte_package component package section synopsis description)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${synopsis}\n${description}" PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
  list(APPEND isolatte_packages ${component} ${package})
  set(isolatte_packages ${isolatte_packages} PARENT_SCOPE)
endfunction()

set(about "isolatte runs a C++ callable in a child process and awaits its value,
its exception or the way it ended, with the means of Boost.Asio.")
set(isolatte_packages "")
set(CPACK_COMPONENTS_ALL "")
if(isolatte_type STREQUAL SHARED_LIBRARY)
  isolatte_package(isolatte_runtime ${isolatte_runtime_package} libs
    "C++ callables in child processes, awaited in Boost.Asio"
    "${about}
.
This package contains the shared library.")
  # dpkg runs ldconfig once for all packages that it installs.
  file(WRITE "${PROJECT_BINARY_DIR}/packages/triggers" "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_ISOLATTE_RUNTIME_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/packages/triggers")
  set(CPACK_COMPONENT_ISOLATTE_DEVELOPMENT_DEPENDS isolatte_runtime)
  set(CPACK_COMPONENT_ISOLATTE_COMMAND_DEPENDS isolatte_runtime)
endif()
isolatte_package(isolatte_development libisolatte-dev libdevel
  "C++ callables in child processes - development files"
  "${about}
.
This package contains the headers, the libraries to link with, and the files
of CMake and pkg-config that find them.")
set(CPACK_DEBIAN_ISOLATTE_DEVELOPMENT_PACKAGE_DEPENDS "${isolatte_development_depends}")
# A program that uses isolatte::test links a variant of Boost.Test, or includes it.
set(CPACK_DEBIAN_ISOLATTE_DEVELOPMENT_PACKAGE_SUGGESTS "libisolatte-doc")
if(isolatte_build_test_support AND isolatte_boost_test_package)
  string(APPEND CPACK_DEBIAN_ISOLATTE_DEVELOPMENT_PACKAGE_SUGGESTS ", ${isolatte_boost_test_package}")
endif()
if(isolatte_build_nats)
  # For programs that use isolatte::nats.
  isolatte_owner(owner "${boost_json_DIR}/boost_json-config.cmake")
  string(APPEND CPACK_DEBIAN_ISOLATTE_DEVELOPMENT_PACKAGE_SUGGESTS ", libnats-dev")
  if(owner)
    string(APPEND CPACK_DEBIAN_ISOLATTE_DEVELOPMENT_PACKAGE_SUGGESTS ", ${owner}")
  endif()
endif()
isolatte_package(isolatte_documentation libisolatte-doc doc
  "C++ callables in child processes - documentation"
  "${about}\nThis package contains the guide, and the reference if Doxygen has made it.")
set(CPACK_DEBIAN_ISOLATTE_DOCUMENTATION_PACKAGE_ARCHITECTURE all)
if(isolatte_build_command)
  isolatte_package(isolatte_command isolatte-run utils
    "run programs under supervision, with limits and in a sandbox"
    "The command isolatte-run runs a program, once or for each line of its input,
and tells how it ended. Timeouts, limits and a sandbox apply to the program
and to the processes that it starts. JSON for scripts is available.")
endif()

set(CPACK_PACKAGE_CONTACT "${ISOLATTE_PACKAGE_CONTACT}")
# Each package has a synopsis of its own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE_1_0.txt")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_SOURCE_GENERATOR TXZ)
set(CPACK_SOURCE_IGNORE_FILES "/build/" "/bin/" "/\\\\.git/" "/\\\\.git$" "/\\\\.cache/")
if(NOT CPACK_GENERATOR AND ISOLATTE_DPKG_QUERY)
  set(CPACK_GENERATOR DEB)
elseif(NOT CPACK_GENERATOR)
  set(CPACK_GENERATOR TGZ)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The command's own library is no part of the system yet.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

# The format of Debian's copyright files, where a line of the license begins with a space.
file(READ "${PROJECT_SOURCE_DIR}/LICENSE_1_0.txt" license)
string(STRIP "${license}" license)
string(REPLACE "\n\n" "\n.\n" license "${license}")
string(REPLACE "\n" "\n " license "${license}")
file(WRITE "${PROJECT_BINARY_DIR}/packages/copyright"
  "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
  "Upstream-Name: isolatte\n\n"
  "Files: *\nCopyright: 2026 The isolatte authors\nLicense: BSL-1.0\n ${license}\n")

configure_file("${PROJECT_SOURCE_DIR}/cmake/debian_documents.cmake.in"
  "${PROJECT_BINARY_DIR}/packages/documents.cmake" @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_BINARY_DIR}/packages/documents.cmake")
include(CPack)
