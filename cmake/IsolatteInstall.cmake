include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

target_include_directories(isolatte INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")

get_target_property(isolatte_type isolatte TYPE)
set(isolatte_boost_components serialization)
set(isolatte_library_component isolatte_runtime)
if(NOT isolatte_type STREQUAL SHARED_LIBRARY)
  # Users of a static library link its private dependencies.
  list(APPEND isolatte_boost_components ${isolatte_private_boost})
  set(isolatte_library_component isolatte_development)
endif()
include(IsolattePkgConfig)

list(JOIN isolatte_boost_components " " isolatte_boost_components)
set(isolatte_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/isolatte")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/isolatte-config.cmake.in"
  "${PROJECT_BINARY_DIR}/isolatte-config.cmake"
  INSTALL_DESTINATION "${isolatte_cmake_dir}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/isolatte-config-version.cmake" COMPATIBILITY SameMinorVersion)

set(isolatte_targets isolatte)
set(isolatte_left_out_headers "")
if(isolatte_build_test_support)
  list(APPEND isolatte_targets isolatte_test)
else()
  list(APPEND isolatte_left_out_headers PATTERN isolatte/test.hpp EXCLUDE)
endif()
if(isolatte_build_nats)
  # A target set of its own, read only by those who ask for the component.
  install(TARGETS isolatte_nats EXPORT isolatte-nats-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT isolatte_development)
  install(EXPORT isolatte-nats-targets NAMESPACE isolatte:: DESTINATION "${isolatte_cmake_dir}"
    COMPONENT isolatte_development)
  install(FILES "${PROJECT_BINARY_DIR}/isolatte-nats.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT isolatte_development)
else()
  list(APPEND isolatte_left_out_headers PATTERN isolatte/nats.hpp EXCLUDE)
endif()

# A distribution makes a package of each component. A parent project has components of its own, so
# the names have a prefix.
install(TARGETS ${isolatte_targets} EXPORT isolatte-targets
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT isolatte_runtime
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT isolatte_runtime
    NAMELINK_COMPONENT isolatte_development
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT isolatte_development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT isolatte_development ${isolatte_left_out_headers})
install(EXPORT isolatte-targets NAMESPACE isolatte:: DESTINATION "${isolatte_cmake_dir}"
  COMPONENT isolatte_development)
install(FILES
  "${PROJECT_BINARY_DIR}/isolatte-config.cmake"
  "${PROJECT_BINARY_DIR}/isolatte-config-version.cmake"
  DESTINATION "${isolatte_cmake_dir}" COMPONENT isolatte_development)
install(FILES "${PROJECT_SOURCE_DIR}/tools/sanitizers/tsan.supp"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/isolatte" COMPONENT isolatte_development)
install(FILES "${PROJECT_BINARY_DIR}/isolatte.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT isolatte_development)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE_1_0.txt"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT ${isolatte_library_component})
if(isolatte_top_level)
  # Every folder that a page of the guide links to.
  foreach(folder IN ITEMS guide recipe design images performance)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/doc/${folder}"
      DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT isolatte_documentation)
  endforeach()
  install(FILES "${PROJECT_SOURCE_DIR}/doc/index.md"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT isolatte_documentation)
endif()
